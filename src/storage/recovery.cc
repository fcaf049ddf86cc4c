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

namespace {

// Never in the place of what was kept before.
Result<std::filesystem::path, StorageFailure> keep_aside(Files& files, const std::filesystem::path& log) {
  std::filesystem::path kept = log;
  kept += ".damaged";
  for (int number = 2;; ++number) {
    PHAROS_TRY(const bool done, files.keep(log, kept));
    if (done) return kept;
    kept = log;
    kept += ".damaged." + std::to_string(number);
  }
}

Result<void, StorageFailure> tell_rest(const Env& env, Files& files, const std::filesystem::path& log,
                                       const WalRest& rest) {
  const bool damaged = rest.kind == WalRest::Kind::damaged;
  if (damaged && env.read_only()) {
    log::error("storage",
               "a log is damaged, and what follows is not read; the next start for writing keeps the file aside",
               {{"file", log.string()}, {"offset", rest.offset}, {"bytes", rest.bytes}});
  } else if (damaged) {
    PHAROS_TRY(const auto kept, keep_aside(files, log));
    log::error("storage",
               "a log is damaged, and what follows is not taken up: events that were acknowledged may be missing; the "
               "file is kept, and `pharos sync` or the clients can bring them again",
               {{"file", log.string()}, {"offset", rest.offset}, {"bytes", rest.bytes}, {"kept", kept.string()}});
  } else if (rest.kind == WalRest::Kind::unfinished && !env.read_only()) {
    log::info("storage", "a log ends with what was never acknowledged",
              {{"file", log.string()}, {"offset", rest.offset}, {"bytes", rest.bytes}});
  }
  return success();
}

// Beside a writer a frame may be read too early and one behind it in time; when the latter is there the former is, so
// that reading again gets beyond it unless it is damaged.
Result<WalContent, StorageFailure> read_certainly(const Env& env, Files& files, std::uint64_t generation) {
  PHAROS_TRY(auto content, read_wal(files, env.directory(), generation, env.tables().rules()));
  while (env.read_only() && content.rest.kind == WalRest::Kind::damaged) {
    const std::uint64_t offset = content.rest.offset;
    PHAROS_TRY(content, read_wal(files, env.directory(), generation, env.tables().rules()));
    if (content.rest.offset == offset) break;
  }
  return content;
}

}  // namespace

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
      auto read = read_certainly(env, files, generation);
      // Beside a running writer it may have been merged and removed since it was listed.
      const bool gone = !read && env.read_only() && read.error().error == StorageError::cannot_create;
      if (!read && !gone) return read.error();
      if (read) {
        PHAROS_TRYV(tell_rest(env, files, wal_path(env.directory(), generation), read.value().rest));
        memtable = std::move(read.value().memtable);
      }
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
