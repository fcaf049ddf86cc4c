#include "storage/info.h"

#include <cstring>

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
  info.readers = environment.me_numreaders;
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
