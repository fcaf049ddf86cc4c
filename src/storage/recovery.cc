#include "storage/recovery.h"

#include <algorithm>

#include "storage/meta.h"
#include "storage/wal.h"
#include "util/log.h"

namespace pharos::storage {

Result<std::vector<Vanished>, StorageFailure> list_vanished(const Env& env, const Recovered& recovered) {
  std::vector<Vanished> vanished;
  const auto note = [&](std::string_view key, std::string_view value) {
    if (const auto one = decode_vanished(key, value)) vanished.push_back(*one);
  };
  for (const auto& memtable : recovered.memtables) {
    for (const auto& [key, value] : memtable->tombstones()) note(key, value);
  }
  PHAROS_TRY(const auto txn, env.read());
  const std::string_view first = "v";
  Cursor cursor(txn, env.tables()[Table::tombstones]);
  for (bool there = cursor.seek(first); there && cursor.key().starts_with(first); there = cursor.next()) {
    note(cursor.key(), cursor.value());
  }
  if (txn.failed()) return txn.failure();
  return vanished;
}

Result<Recovered, StorageFailure> recover(const Env& env, Files& files) {
  Recovered recovered;
  std::uint64_t merged = 0;
  {
    PHAROS_TRY(const auto txn, env.read());
    merged = read_merged_generation(txn, env.tables());
    recovered.last_seq = read_last_seq(txn, env.tables());
  }
  recovered.next_generation = merged + 1;
  std::size_t events = 0;
  PHAROS_TRY(const auto generations, list_wals(env.directory()));
  for (const std::uint64_t generation : generations) {
    recovered.next_generation = std::max(recovered.next_generation, generation + 1);
    std::shared_ptr<Memtable> memtable;
    if (generation > merged) {
      auto read = read_wal(files, env.directory(), generation, env.tables().rules());
      // Beside a running writer it may have been merged and removed since it was listed.
      const bool gone = !read && env.read_only() && read.error().error == StorageError::cannot_create;
      if (!read && !gone) return read.error();
      if (read) memtable = std::move(read.value());
    }
    if (memtable) {
      recovered.last_seq = std::max(recovered.last_seq, memtable->last_seq());
      events += memtable->last_seq() - memtable->before();
      recovered.memtables.push_back(std::move(memtable));
    } else if (!env.read_only()) {
      PHAROS_TRYV(files.remove(wal_path(env.directory(), generation)));
    }
  }
  if (events > 0 && !env.read_only()) {
    log::info("storage", "took up what the log holds", {{"events", events}, {"logs", recovered.memtables.size()}});
  }
  return recovered;
}

}  // namespace pharos::storage
