// A database in a directory of its own, written to without the writer thread: one transaction a call.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/env.h"
#include "storage/event_store.h"
#include "storage/lookup.h"
#include "storage/meta.h"
#include "support/event_factory.h"
#include "support/temp_dir.h"

namespace pharos::test {

inline constexpr UnixSeconds kNow = 1'800'000'000;
inline constexpr std::uint64_t kSmallMap = 256U << 20U;

using TagSpec = std::initializer_list<std::initializer_list<std::string_view>>;

inline Event make(Kind kind, UnixSeconds created_at, TagSpec tags = {}, std::size_t key = 0,
                  std::string content = "x") {
  return unsigned_event({kind, std::move(content), TagList(tags), created_at, key});
}

class Database {
 public:
  Database() { reopen(); }

  void reopen() {
    env_.reset();
    storage::EnvOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = kSmallMap;
    options.sync_to_disk = false;
    env_ = std::move(storage::Env::open(options).value());
  }

  storage::PutOutcome put(const Event& event, UnixSeconds now = kNow) { return put_all({event}, now).front(); }

  // In one transaction.
  std::vector<storage::PutOutcome> put_all(const std::vector<Event>& events, UnixSeconds now = kNow) {
    auto txn = std::move(env_->write().value());
    storage::EventStore store(txn, storage::read_last_seq(txn, tables()));
    std::vector<storage::PutOutcome> outcomes;
    for (const Event& event : events) outcomes.push_back(store.put(event, now));
    finish(txn, store);
    return outcomes;
  }

  std::size_t erase_expired(UnixSeconds now, std::size_t limit = 1000) {
    auto txn = std::move(env_->write().value());
    storage::EventStore store(txn, storage::read_last_seq(txn, tables()));
    const std::size_t erased = store.erase_expired(now, limit);
    finish(txn, store);
    return erased;
  }

  bool holds(const Event& event) { return storage::find_record(read(), tables(), event.id).has_value(); }

  // All entries of a table, as they lie there.
  std::vector<std::pair<std::string, std::string>> dump(storage::Table table) {
    std::vector<std::pair<std::string, std::string>> entries;
    const auto txn = read();
    storage::Cursor cursor(txn, tables()[table]);
    for (bool there = cursor.first(); there; there = cursor.next()) entries.emplace_back(cursor.key(), cursor.value());
    return entries;
  }

  storage::ReadTxn read() { return std::move(env_->read().value()); }
  const storage::Tables& tables() const { return env_->tables(); }
  storage::Env& env() { return *env_; }
  const std::filesystem::path& directory() const { return directory_.path(); }
  // Of the last call.
  const storage::EventStore::DeletedCounts& deleted() const { return deleted_; }
  std::uint64_t deleted(storage::EventStore::Deleted cause) const { return deleted_[static_cast<std::size_t>(cause)]; }

 private:
  void finish(storage::WriteTxn& txn, storage::EventStore& store) {
    if (!store.flush() || !txn.commit()) std::abort();
    deleted_ = store.deleted();
  }

  testing::TempDir directory_;
  std::unique_ptr<storage::Env> env_;
  storage::EventStore::DeletedCounts deleted_{};
};

}  // namespace pharos::test
