// The rules for keeping events, inside one write transaction: duplicates, replacement (NIP-01), deletion (NIP-09, gift
// wraps by their recipient), expiration (NIP-40). Writer thread.
//
// by_id, replaceable and tombstones are written as the rules go, because later events of the same batch ask them. The
// entries of the scan indexes wait for flush(), which writes them in key order; an event stored and erased in between
// never reaches them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "metrics/storage_metrics.h"
#include "nostr/address.h"
#include "nostr/event.h"
#include "storage/index_entries.h"
#include "storage/store.h"
#include "storage/txn.h"

namespace pharos::storage {

class EventStore {
 public:
  using Deleted = metrics::StorageMetrics::Deleted;
  using DeletedCounts = std::array<std::uint64_t, metrics::StorageMetrics::kDeletedLabels.size()>;

  // last_seq is the newest sequence number given so far. txn outlives this.
  EventStore(WriteTxn& txn, Seq last_seq);

  // The event is not of an ephemeral kind. When it is stored, its number is last_seq(). Meaningless once the
  // transaction has failed.
  PutOutcome put(const Event& event, UnixSeconds now);

  // Erases events that expired at or before now, oldest expiration first; returns how many, at most `limit`.
  std::size_t erase_expired(UnixSeconds now, std::size_t limit);

  // Writes what waits. Once, before the commit. False when the transaction has failed.
  bool flush();

  Seq last_seq() const { return last_seq_; }
  // Of the records stored.
  std::size_t bytes_written() const { return bytes_written_; }
  const DeletedCounts& deleted() const { return deleted_; }

 private:
  enum class Change : std::uint8_t { insert, erase };
  struct Pending {
    IndexEntry entry;
    Change change;
  };

  bool replaces_all(const Event& event, std::vector<Seq>& replaced) const;
  void apply_deletion(const Event& request);
  void delete_id(const EventId& id, const PublicKey& requester);
  void delete_address(const Address& address, UnixSeconds cutoff);
  void insert(const Event& event);
  void erase(Seq seq, Deleted cause);
  void change_entries(const RecordView& record, Change change);
  void apply(const IndexEntry& entry, Change change);

  WriteTxn& txn_;
  const Tables& tables_;
  const Seq first_seq_;
  Seq last_seq_;
  std::size_t bytes_written_ = 0;
  DeletedCounts deleted_{};
  std::vector<Pending> pending_;
  std::vector<IndexEntry> entries_;
  std::string record_;
};

}  // namespace pharos::storage
