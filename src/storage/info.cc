#include "storage/info.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <lmdb.h>

#include "storage/meta.h"

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
  info.readers = readers_in(env);
  info.max_readers = environment.me_maxreaders;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    MDB_stat table{};
    if (mdb_stat(txn.handle(), tables.handles[i], &table) != MDB_SUCCESS) continue;
    info.tables[i] = {table.ms_entries, pages_of(table) * table.ms_psize};
  }
  if (tables.unpacked != nullptr) info.unpacked = tables.unpacked->usage();
  info.events = read_event_count(txn, tables);
  info.last_seq = read_last_seq(txn, tables);
  info.words = read_word_index(txn, tables);
  info.schema_version = read_schema_version(txn, tables).value_or(0);
  return info;
}

std::uint64_t room_bytes(const ReadTxn& txn, std::uint64_t enough) {
  MDB_env* env = mdb_txn_env(txn.handle());
  MDB_envinfo environment{};
  MDB_stat status{};
  mdb_env_info(env, &environment);
  mdb_env_stat(env, &status);
  const std::uint64_t used = (environment.me_last_pgno + 1) * status.ms_psize;
  const std::uint64_t behind = environment.me_mapsize - std::min<std::uint64_t>(used, environment.me_mapsize);
  return behind >= enough ? behind : behind + free_pages(txn.handle()) * status.ms_psize;
}

std::uint64_t logged_events(const Snapshot& snapshot) {
  std::uint64_t events = 0;
  for (const Memtable* memtable : snapshot.memtables()) {
    memtable->each_event_until(snapshot.as_of(), [&](const RecordView&) { ++events; });
  }
  return events;
}

}  // namespace pharos::storage
