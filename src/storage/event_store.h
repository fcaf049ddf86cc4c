// The rules for keeping events: duplicates, replacement (NIP-01), deletion (NIP-09, gift wraps by their recipient),
// expiration (NIP-40), requests to vanish (NIP-62: what they forbid stays away from here on, and what is there the
// sweeper erases). Decides the events of one commit, changes the active memtable as it goes, because later events
// of the same commit ask it, and lists the changes for the log. Nothing of it shows to readers before their commit
// does. Writer thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "metrics/storage_metrics.h"
#include "nostr/address.h"
#include "nostr/event.h"
#include "storage/commit_feed.h"
#include "storage/draft.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/wal.h"

namespace pharos::storage {

class EventStore {
 public:
  using Deleted = metrics::StorageMetrics::Deleted;
  using DeletedCounts = std::array<std::uint64_t, metrics::StorageMetrics::kDeletedLabels.size()>;

  // last_seq is the newest sequence number given so far. The snapshot sees everything, `active` is its newest memtable;
  // both outlive this.
  EventStore(const Snapshot& snapshot, Memtable& active, Seq last_seq, WalBatch::Keep changes = WalBatch::Keep::bytes);

  // The event is not of an ephemeral kind. A draft is of that event, under the snapshot's hash key. When it is stored,
  // its number is last_seq(). PutOutcome::failed_full when the memtable has no room for another.
  PutOutcome put(const Event& event, UnixSeconds now, const Draft* draft = nullptr);

  // Erases events that expired at or before now; returns how many, at most `limit`.
  std::size_t erase_expired(UnixSeconds now, std::size_t limit);

  // Erases those that are held; returns how many.
  std::size_t erase_events(std::span<const Seq> events, EraseCause cause);

  // For the log.
  const WalBatch& changes() const { return changes_; }
  // Takes all changes back; their numbers are not given again.
  void undo();

  Seq last_seq() const { return last_seq_; }
  // Of the records stored.
  std::size_t bytes_written() const { return changes_.size(); }
  const DeletedCounts& deleted() const { return deleted_; }
  // What was erased, none after undo().
  const std::vector<ErasedEvent>& erased() const { return erased_; }

 private:
  void insert(const Event& event, const Draft* draft);
  bool is_forbidden(const Event& event) const;
  bool is_vanished(const Event& event) const;
  bool replaces_all(const Event& event, std::vector<Seq>& replaced) const;
  void keep_older_versions_away(const Event& event);
  void apply_deletion(const Event& request);
  void delete_id(const EventId& id, const Event& request);
  void delete_address(const Address& address, UnixSeconds cutoff);
  void erase(Seq seq, Deleted cause);
  // A later time that is already there stays.
  void forbid_until(const TombstoneKey& key, UnixSeconds time);

  const Snapshot& snapshot_;
  const Tables& tables_;
  Memtable& active_;
  const Seq first_seq_;
  Seq last_seq_;
  Seq current_;  // the commit that erasures belong to: the event being put
  DeletedCounts deleted_{};
  WalBatch changes_;
  std::string record_;
  std::vector<ErasedEvent> erased_;
  std::vector<std::pair<TombstoneKey, std::optional<std::string>>> tombstones_;  // with what was there before
};

}  // namespace pharos::storage
