// A database without the rules of an event store: entries go in and out as the test says, wrong ones too. For tests of
// what only reads. One thread.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "storage/env.h"
#include "storage/event_block_writer.h"
#include "storage/index_entries.h"
#include "storage/index_merge.h"
#include "storage/snapshot.h"
#include "support/quiet_store.h"
#include "support/temp_dir.h"

namespace pharos::test {

class BareStore final : public QuietStore {
 public:
  BareStore() {
    auto env = storage::Env::open({.directory = directory_.path(), .sync_to_disk = false});
    if (!env) {
      ADD_FAILURE() << env.error().detail;
      return;
    }
    env_ = std::move(env.value());
  }

  // Each is one commit.
  storage::Seq put(const Event& event) {
    const storage::Seq seq = ++last_seq_;
    std::string record;
    storage::encode_record(event, record);
    change([&](storage::WriteTxn& txn) {
      storage::EventBlockWriter writer({});
      writer.add(seq, as_bytes(record));
      std::string block;
      writer.finish(seq, block);
      txn.put(table(storage::Table::events), storage::EventKey(seq).view(), block);
      for (const storage::IndexEntry& entry : entries(seq, record)) put_posting(txn, entry, false);
    });
    return seq;
  }
  void erase(storage::Seq seq) {
    change([&](storage::WriteTxn& txn) {
      const storage::EventKey key(seq);
      std::string record;
      {
        storage::StoredEvents events(txn, tables());
        const auto held = events.record(seq);
        if (!held) return;
        record = as_text(held->bytes());
      }
      for (const storage::IndexEntry& entry : entries(seq, record)) put_posting(txn, entry, true);
      txn.erase(table(storage::Table::events), key.view());
    });
  }
  // An entry that no event has.
  void put_entry(const storage::IndexEntry& entry) {
    change([&](storage::WriteTxn& txn) { put_posting(txn, entry, false); });
  }

  Result<storage::ReadTxn, storage::StorageFailure> read() const override { return env_->read(); }
  Result<storage::Snapshot, storage::StorageFailure> snapshot() const override {
    PHAROS_TRY(auto txn, env_->read());
    return storage::Snapshot(std::move(txn), env_->tables(), nullptr, last_seq_);
  }
  const storage::Tables& tables() const override { return env_->tables(); }
  storage::Seq last_seq() const override { return last_seq_; }

 private:
  storage::Dbi table(storage::Table which) const { return env_->tables()[which]; }

  static void put_posting(storage::WriteTxn& txn, const storage::IndexEntry& entry, bool erased) {
    const storage::PostingChange change{entry.posting, erased};
    storage::merge_postings(txn, entry.table, {&change, 1});
  }

  // The record may lie anywhere, the view wants it aligned.
  std::vector<storage::IndexEntry> entries(storage::Seq seq, const std::string& record) const {
    std::vector<std::uint64_t> aligned(record.size() / sizeof(std::uint64_t));
    std::memcpy(aligned.data(), record.data(), record.size());
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(aligned.data());
    std::vector<storage::IndexEntry> entries;
    storage::list_index_entries(storage::RecordView(seq, {bytes, record.size()}), tables().hash_key, entries);
    return entries;
  }

  template <class Change>
  void change(const Change& apply) {
    auto txn = env_->write();
    ASSERT_TRUE(txn) << txn.error().detail;
    apply(txn.value());
    const auto committed = txn.value().commit();
    ASSERT_TRUE(committed) << committed.error().detail;
  }

  testing::TempDir directory_;
  std::unique_ptr<storage::Env> env_;
  storage::Seq last_seq_ = 0;
};

}  // namespace pharos::test
