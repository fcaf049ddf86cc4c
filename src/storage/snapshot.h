// The store as of one commit: LMDB in one read transaction, and the memtables that it does not hold yet over it.
//
// For one scan slice; one thread. Views into it are valid while it lives.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nostr/event.h"
#include "storage/memtables.h"
#include "storage/record.h"
#include "storage/stored_events.h"
#include "storage/tables.h"
#include "storage/txn.h"

namespace pharos::storage {

class Snapshot {
 public:
  // `memtables` was taken before txn began, so that nothing is in neither; what txn holds of it is left out. tables
  // outlives the snapshot.
  Snapshot(ReadTxn txn, const Tables& tables, std::shared_ptr<const Memtables::List> memtables, Seq as_of);

  // True when something could not be read, or not be understood.
  bool failed() const { return lmdb_->txn.failed() || lmdb_->txn.damaged(); }
  // failed().
  StorageFailure failure() const { return lmdb_->txn.failure(); }
  const ReadTxn& txn() const { return lmdb_->txn; }
  const Tables& tables() const { return *tables_; }
  // Nothing newer is seen.
  Seq as_of() const { return as_of_; }
  // Newest first.
  std::span<const Memtable* const> memtables() const { return {layers_.data(), layers_.size()}; }

  // Each is without what was erased by then.
  std::optional<RecordView> record(Seq seq) const;
  std::optional<RecordView> find(const EventId& id) const;
  // The events at this address of a replaceable or addressable kind: one, unless the database is damaged.
  std::vector<Seq> versions(const PublicKey& author, Kind kind, std::string_view identifier) const;

  // True when LMDB may still hold the event but a memtable has erased it.
  bool erased_above_lmdb(Seq seq) const { return erased_above(seq, layers_.size()); }
  // The memtable that would hold the event of that number; nullptr when it is LMDB's.
  const Memtable* memtable_of(Seq seq) const;
  // Of LMDB alone.
  StoredEvents& merged() const { return lmdb_->events; }

  // The value of a tombstone (keys.h). On the writer's thread only.
  std::optional<std::string> tombstone(const TombstoneKey& key) const;

 private:
  // By one of the first `count` memtables.
  bool erased_above(Seq seq, std::size_t count) const;

  // Where it stays when the snapshot is moved.
  struct Lmdb {
    Lmdb(ReadTxn begun, const Tables& tables) : txn(std::move(begun)), events(txn, tables) {}
    ReadTxn txn;
    StoredEvents events;
  };

  std::shared_ptr<const Memtables::List> held_;
  std::unique_ptr<Lmdb> lmdb_;
  const Tables* tables_;
  std::vector<const Memtable*> layers_;
  Seq as_of_;
};

}  // namespace pharos::storage
