#include "storage/info.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include <lmdb.h>

#include "storage/meta.h"
#include "storage/wal.h"

namespace pharos::storage {
namespace {

std::uint64_t pages_of(const MDB_stat& status) {
  return status.ms_branch_pages + status.ms_leaf_pages + status.ms_overflow_pages;
}

// LMDB keeps the pages that can be reused in a table of its own, handle 0: each value is a list, its length first.
std::uint64_t free_pages(MDB_txn* txn) {
  MDB_cursor* cursor = nullptr;
  if (mdb_cursor_open(txn, 0, &cursor) != MDB_SUCCESS) return 0;
  std::uint64_t pages = 0;
  MDB_val key{};
  MDB_val value{};
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
    std::size_t length = 0;
    if (value.mv_size >= sizeof length) std::memcpy(&length, value.mv_data, sizeof length);
    pages += length;
  }
  mdb_cursor_close(cursor);
  return pages;
}

// A line for each slot that a process holds, after a line that is a heading.
std::uint64_t readers_in(MDB_env* env) {
  std::uint64_t lines = 0;
  const auto count = [](const char* line, void* into) {
    const std::string_view text(line);
    *static_cast<std::uint64_t*>(into) += static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
    return 0;
  };
  mdb_reader_list(env, count, &lines);
  return lines > 0 ? lines - 1 : 0;
}

std::uint64_t bytes_of_logs(MDB_env* env) {
  const char* directory = nullptr;
  if (mdb_env_get_path(env, &directory) != MDB_SUCCESS) return 0;
  const auto generations = list_wals(directory);
  std::uint64_t bytes = 0;
  for (const std::uint64_t generation : generations ? generations.value() : std::vector<std::uint64_t>()) {
    std::error_code gone;
    const std::uintmax_t size = std::filesystem::file_size(wal_path(directory, generation), gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

}  // namespace

DatabaseInfo read_info(const ReadTxn& txn, const Tables& tables) {
  MDB_env* env = mdb_txn_env(txn.handle());
  DatabaseInfo info;
  MDB_envinfo environment{};
  MDB_stat status{};
  mdb_env_info(env, &environment);
  mdb_env_stat(env, &status);
  info.map_size_bytes = environment.me_mapsize;
  info.used_bytes = (environment.me_last_pgno + 1) * status.ms_psize;
  info.free_page_bytes = free_pages(txn.handle()) * status.ms_psize;
  info.log_bytes = bytes_of_logs(env);
  info.readers = readers_in(env);
  info.max_readers = environment.me_maxreaders;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    MDB_stat table{};
    if (mdb_stat(txn.handle(), tables.handles[i], &table) != MDB_SUCCESS) continue;
    info.tables[i] = {table.ms_entries, pages_of(table) * table.ms_psize};
  }
  info.last_seq = read_last_seq(txn, tables);
  info.schema_version = read_schema_version(txn, tables).value_or(0);
  return info;
}

}  // namespace pharos::storage
