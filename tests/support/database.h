// A database in a directory of its own, written to without threads: each call is a commit of its own, merged into LMDB
// at once unless the test says otherwise.
#pragma once

#include <initializer_list>
#include <memory>
#include <memory_resource>
#include <string>
#include <utility>
#include <vector>

#include <lmdb.h>

#include "storage/env.h"
#include "storage/event_store.h"
#include "storage/index_ageing.h"
#include "storage/index_levels.h"
#include "storage/lookup.h"
#include "storage/memtables.h"
#include "storage/merge_memtable.h"
#include "storage/meta.h"
#include "storage/snapshot.h"
#include "support/event_factory.h"
#include "support/quiet_store.h"
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

  // What was not merged is gone.
  void reopen() {
    while (const auto memtable = memtables_.oldest_frozen(true)) memtables_.drop(memtable->generation());
    env_.reset();
    storage::EnvOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = kSmallMap;
    options.sync_to_disk = false;
    env_ = std::move(storage::Env::open(options).value());
    const auto txn = read();
    last_seq_ = storage::read_last_seq(txn, tables());
    generation_ = storage::read_merged_generation(txn, tables());
  }

  bool merge_at_once = true;
  bool ahead = false;       // as an import does it: with drafts, into memtables that queries do not ask
  bool age_at_once = true;  // after every third memtable, so that entries lie in both levels of an index
  storage::BlockProfile profile;
  bool freeze_at_once = false;  // each commit gets a memtable of its own

  storage::PutOutcome put(const Event& event, UnixSeconds now = kNow) { return put_all({event}, now).front(); }

  // In one commit.
  std::vector<storage::PutOutcome> put_all(const std::vector<Event>& events, UnixSeconds now = kNow) {
    std::vector<storage::PutOutcome> outcomes;
    change([&](storage::EventStore& store) {
      for (const Event& event : events) outcomes.push_back(put_one(store, event, now));
    });
    return outcomes;
  }

  std::size_t erase_expired(UnixSeconds now, std::size_t limit = 1000) {
    std::size_t erased = 0;
    change([&](storage::EventStore& store) { erased = store.erase_expired(now, limit); });
    return erased;
  }

  // A commit that cannot be logged.
  void put_in_vain(const std::vector<Event>& events, UnixSeconds now = kNow) {
    change([&](storage::EventStore& store) {
      for (const Event& event : events) put_one(store, event, now);
      store.undo();
    });
  }

  bool holds(const Event& event) { return snapshot().find(event.id).has_value(); }

  // What comes goes to another memtable.
  void freeze() {
    last_seq_ = active().last_seq();
    begin_memtable();
  }

  // Brings all memtables into LMDB.
  void merge() {
    while (const auto memtable = memtables_.oldest_frozen(true)) {
      last_seq_ = memtable->last_seq();
      auto txn = std::move(env_->write().value());
      if (!storage::merge_memtable(txn, *memtable, profile) || !txn.commit()) std::abort();
      if (age_at_once && memtable->generation() % 3 == 0) age();
      memtables_.drop(memtable->generation());
    }
  }

  void age() {
    if (!storage::age_indexes(*env_, [] { return false; })) std::abort();
  }

  storage::Snapshot snapshot(storage::Seq as_of = storage::kMaxSeq) const {
    auto list = memtables_.current();
    return storage::Snapshot(read(), tables(), std::move(list), as_of);
  }

  // For queries.
  const storage::Store& store() const { return view_; }

  // As if it were new.
  void clear() {
    while (const auto memtable = memtables_.oldest_frozen(true)) memtables_.drop(memtable->generation());
    auto txn = std::move(env_->write().value());
    for (const storage::TableSpec& table : storage::kTableSpecs) {
      if (table.table != storage::Table::meta) mdb_drop(txn.handle(), tables()[table.table], 0);
      if (table.shape == storage::TableShape::index) storage::write_aged(txn, table.table, {});
    }
    storage::write_last_seq(txn, 0);
    storage::write_event_count(txn, 0);
    storage::write_merged_generation(txn, 0);
    if (!txn.commit()) std::abort();
    last_seq_ = 0;
    generation_ = 0;
  }

  // All entries of a table, as they lie there.
  std::vector<std::pair<std::string, std::string>> dump(storage::Table table) {
    std::vector<std::pair<std::string, std::string>> entries;
    const auto txn = read();
    storage::Cursor cursor(txn, tables()[table]);
    for (bool there = cursor.first(); there; there = cursor.next()) entries.emplace_back(cursor.key(), cursor.value());
    return entries;
  }

  // The numbers of the events that LMDB holds.
  std::vector<storage::Seq> merged() {
    std::vector<storage::Seq> seqs;
    const auto txn = read();
    storage::StoredEvents events(txn, tables());
    for (auto held = events.at_or_after(1); held; held = events.at_or_after(held->seq() + 1)) {
      seqs.push_back(held->seq());
    }
    return seqs;
  }

  std::vector<storage::Posting> postings(storage::Table index) {
    std::vector<storage::Posting> postings;
    const auto txn = read();
    storage::IndexCursor cursor(txn, tables(), index);
    for (bool there = cursor.first(); there; there = cursor.next()) {
      if (!cursor.is_erased()) postings.push_back(cursor.posting());
    }
    return postings;
  }

  storage::ReadTxn read() const { return std::move(env_->read().value()); }
  const storage::Tables& tables() const { return env_->tables(); }
  storage::Env& env() { return *env_; }
  const std::filesystem::path& directory() const { return directory_.path(); }
  // Of the last call.
  const storage::EventStore::DeletedCounts& deleted() const { return deleted_; }
  std::uint64_t deleted(storage::EventStore::Deleted cause) const { return deleted_[static_cast<std::size_t>(cause)]; }

 private:
  class View final : public QuietStore {
   public:
    explicit View(const Database& database) : database_(database) {}
    Result<storage::ReadTxn, storage::StorageFailure> read() const override { return database_.env_->read(); }
    Result<storage::Snapshot, storage::StorageFailure> snapshot() const override {
      return database_.snapshot(database_.last_seq_);
    }
    const storage::Tables& tables() const override { return database_.tables(); }
    storage::Seq last_seq() const override { return database_.last_seq_; }

   private:
    const Database& database_;
  };

  storage::Memtable& active() {
    if (memtables_.current()->empty()) begin_memtable();
    return *memtables_.current()->front();
  }

  void begin_memtable() {
    const auto asked = ahead ? storage::Memtable::Asked::by_writer : storage::Memtable::Asked::by_queries;
    memtables_.push(
        std::make_shared<storage::Memtable>(++generation_, last_seq_, tables().hash_key, 64, nullptr, asked));
  }

  storage::PutOutcome put_one(storage::EventStore& store, const Event& event, UnixSeconds now) {
    if (!ahead) return store.put(event, now);
    std::pmr::monotonic_buffer_resource memory;
    const storage::Draft draft = storage::draft_event(event, tables().hash_key, memory);
    return store.put(event, now, &draft);
  }

  template <class Change>
  void change(const Change& apply) {
    storage::Memtable& memtable = active();
    {
      const storage::Snapshot now = snapshot();
      storage::EventStore store(now, memtable, std::max(last_seq_, memtable.last_seq()));
      apply(store);
      deleted_ = store.deleted();
    }
    last_seq_ = std::max(last_seq_, memtable.last_seq());
    if (merge_at_once) merge();
    if (freeze_at_once) freeze();
  }

  testing::TempDir directory_;
  std::unique_ptr<storage::Env> env_;
  storage::Memtables memtables_;
  storage::Seq last_seq_ = 0;
  std::uint64_t generation_ = 0;
  storage::EventStore::DeletedCounts deleted_{};
  View view_{*this};
};

}  // namespace pharos::test
