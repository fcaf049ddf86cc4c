// The event store as the layers above see it: a log for what is new, LMDB for all the rest, an ordered commit feed.
//
//   Store::open -> submit() from any thread -> done(outcome) after the commit is on disk
//                                           -> the feed's subscribers get the batch
//   snapshot()  -> what one scan slice reads; never held across a socket wait
//
//   writer thread   decides, appends to the log, syncs it, shows the events in the active memtable   writer.h, wal.h
//   merger thread   brings whole memtables into LMDB in large sorted batches, removes their logs     merger.h
//   any thread      reads LMDB with the memtables over it                                            snapshot.h
//
// Against a commit to LMDB for every group of events: a commit changes a page of each index an event stands in, copied
// whole; the log takes the events' bytes alone, and the pages are changed once for tens of thousands of events.
//
// After a commit, in this order: last_seq() moves on, the feed publishes the batch, the callbacks run in the order of
// submission. A reader that subscribes to the feed, then notes last_seq(), then scans up to it misses nothing.
//
// Owned by app; outlives everything that submits to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metrics/storage_metrics.h"
#include "nostr/event.h"
#include "nostr/filter.h"
#include "storage/error.h"
#include "util/callback.h"
#include "util/clock.h"
#include "util/result.h"

namespace pharos::storage {

// Local sequence number: every stored event gets the next one, in commit order, starting at 1; never reused.
using Seq = std::uint64_t;

// Who brought an event; the feed carries it so that a mirror never echoes an event to its sender.
// 0 is a local client; upstreams and other producers take ids from allocate_origin().
using Origin = std::uint32_t;
inline constexpr Origin kLocalOrigin = 0;

class Files;
struct Draft;

// What an acknowledged event survives.
enum class Durability {
  sync,   // a power cut
  group,  // a power cut; a commit waits batch_window for company, which spares slow disks flushes and costs latency
  os,     // the end of the process, not of the machine
  // Nothing before stop() has merged it, is_merged() tells, and then a power cut: there is no log. For work that is
  // done again as a whole when it is interrupted; no setting. Updates are refused, and what was submitted is
  // found by id and address at once, by queries for anything else when it is merged. What was there before stays in any
  // case.
  at_stop,
};

struct StoreOptions {
  std::filesystem::path directory;
  std::uint64_t map_size_bytes = std::uint64_t{1} << 40;
  std::size_t max_readers = 512;
  std::size_t queue_capacity = 16384;                 // submissions waiting for the writer; then submit() refuses
  std::size_t batch_max_events = 1024;                // a commit closes on count,
  std::size_t batch_max_bytes = 8U << 20U;            // on bytes,
  std::chrono::microseconds batch_window{1000};       // or on time, when more submissions keep coming
  std::chrono::milliseconds expire_interval{10'000};  // how often what has expired is erased (NIP-40)
  std::size_t expire_max_events = 512;                // in one commit; the rest follows after what is queued
  Durability durability = Durability::sync;
  std::size_t memtable_bytes = 64U << 20U;  // of memory; a full one is merged into LMDB while the next one fills
  // zstd's level, 1 to 19, for the blocks of events that are merged into LMDB; 0: none, which is the fastest to read.
  int compression_level = 0;
  std::size_t unpacked_bytes = 16U << 20U;  // of compressed blocks, kept unpacked for readers
  // Kinds whose words are indexed for search (NIP-50), sorted; empty: no such index. Other ones than the last time have
  // it built anew, behind what the store does otherwise.
  std::vector<Kind> searched;
  bool read_only = false;
  Files* files = nullptr;  // nullptr: the file system's
};

enum class PutOutcome {
  stored,
  duplicate,    // this id is held already
  superseded,   // a newer version (or the same second with a lower id) of the replaceable or addressable is held
  deleted,      // a deletion request by its author forbids it (NIP-09)
  vanished,     // a request to vanish by its author, or by the recipient of a gift wrap, forbids it (NIP-62)
  expired,      // NIP-40, at the moment of writing
  failed_full,  // the disk or the map is full: nothing was kept; the caller may retry later
  failed_io,
};

struct Compacted {
  std::uint64_t before_bytes = 0;  // of the database's file
  std::uint64_t after_bytes = 0;
};
using CompactionDone = std::function<void(Result<Compacted, StorageFailure>)>;

// An event as the feed and the writer carry it; shared, never changed after submission.
using EventPtr = std::shared_ptr<const Event>;

struct PutRequest {
  EventPtr event;  // id and signature verified by the caller
  Origin origin = kLocalOrigin;
  // Called once on a thread of the store, after the commit that decided it is durable; for a request to vanish (NIP-62)
  // after what it forbids is erased. Must not block: post elsewhere.
  Callback<void(PutOutcome)> done;
  const Draft* draft = nullptr;  // of that event under this store's hash key; there until done was called
};

// Why events are erased that no other event replaced or deleted; the `cause` of events_deleted_total.
enum class EraseCause { vanish, retention, admin };

struct EraseRequest {
  // In one commit: some hundred, so that what is queued behind them does not wait. Those that are gone already count
  // for nothing.
  std::vector<Seq> events;
  EraseCause cause = EraseCause::admin;
  // Called once on the writer thread with how many were erased, durably; nullopt when that could not be written. Must
  // not block.
  Callback<void(std::optional<std::size_t>)> done;
};

class RecordView;

struct Swept {
  std::size_t erased = 0;
  bool whole = false;  // false: the store was stopped before the end, or could not be read, or it was over
};

// Everything that filters match, expired events too, is to be erased, and what is listed.
struct Sweep {
  std::vector<Filter> filters;  // their limits hold
  EraseCause cause = EraseCause::admin;
  std::function<bool(const RecordView&)> spares;  // true for what stays; may be empty
  Callback<void(const Swept&)> done;              // called once, on a thread of the store; must not block
  std::vector<Seq> events{};
  std::function<bool()> is_over{};  // asked between batches, on a thread of the store: true ends it; may be empty
};

class ReadTxn;
class Snapshot;
class WriteTxn;
class CommitFeed;
class WordIndexProgress;
struct Tables;

class Store {
 public:
  // With read_only there is no writer: submissions are refused, and last_seq() is that of the moment of opening.
  static Result<std::unique_ptr<Store>, StorageFailure> open(const StoreOptions& options, const Clock& clock,
                                                             const metrics::StorageMetrics& metrics = {});
  virtual ~Store() = default;

  // Any thread. False when the queue is full or the store is stopping; the request is untouched then.
  virtual bool submit(PutRequest&& request) = 0;
  // Likewise, in the order of submissions. Nothing keeps an event that was erased from being stored again.
  virtual bool submit_erase(EraseRequest&&) { return false; }
  // Erases in batches, after the sweeps before it; what is stored meanwhile stays. False, with the sweep untouched,
  // when too many wait, and in a store that is read only, stopped or has no log. Any thread.
  virtual bool sweep(Sweep&&) { return false; }
  // An update of other tables (ledger, probe results) after the events submitted before it and in the order of updates:
  // when done(true) is called, they and the update are durable. apply runs on the merger thread inside the write
  // transaction; returning false rolls this update back and done(false) follows, on that thread or the writer's. When
  // updates cannot be committed together each is tried alone, so apply may run twice; what its first run wrote is gone.
  virtual bool submit_update(std::function<bool(WriteTxn&)> apply, std::function<void(bool)> done) = 0;

  // Hands an ephemeral event (NIP-01) to the feed without storing it. Any thread.
  virtual void publish_ephemeral(EventPtr event, Origin origin) = 0;

  // Any thread; cheap. Each errors only when the reader table is full. read() is for the tables of submit_update();
  // of events it shows those that were merged.
  virtual Result<ReadTxn, StorageFailure> read() const = 0;
  virtual Result<Snapshot, StorageFailure> snapshot() const = 0;
  virtual const Tables& tables() const = 0;

  virtual CommitFeed& feed() = 0;
  // The newest committed sequence number. Any thread.
  virtual Seq last_seq() const = 0;
  virtual Origin allocate_origin() = 0;

  // The index by word; nullptr where there is none. Any thread.
  virtual std::shared_ptr<const WordIndexProgress> word_index() const { return nullptr; }

  // True when that id is stored now. Any thread; the cheap test before signature work.
  virtual bool contains(const EventId& id) const = 0;

  // True from a commit, to the log or to LMDB, that could not be made to the next one that was. Any thread.
  virtual bool is_failing() const { return false; }
  // Whether the map has no room for events: those are answered by failed_full, except requests to delete and to vanish
  // as long as half of the reserve is left; erasures are carried out.
  virtual bool is_full() const { return false; }

  // Has what is committed by now merged into LMDB within seconds, although there is room for more in memory, so that
  // what was erased gives its room back. Returns the generation to look for in read_merged_generation(). Any thread.
  virtual std::uint64_t merge_soon() { return 0; }

  // Gives back the room of pages that are not in use: copies the others to another file, which takes the place of the
  // first. Meanwhile nothing is merged; memtables pile up, and once there are Memtables::kMaxFrozen commits wait.
  // Returns at once: locked while one is under way and in a store that is read only or stopped, disk_full where there
  // is no room for the copy; otherwise done is called later, from another thread.
  virtual Result<void, StorageFailure> compact(CompactionDone) {
    return StorageFailure{StorageError::locked, "nothing is compacted here"};
  }
  // Ends the compaction under way, which is answered with locked, and refuses others from now on: commits that wait for
  // it go on. The first step of stop(); earlier where something waits for commits before. Returns at once. Any thread.
  virtual void give_up_compaction() {}

  // Commits what was submitted, answers it, merges it and stops the threads. Idempotent; not from a callback.
  virtual void stop() = 0;
  // After stop(): false when LMDB lacks some of what was committed since it could not be written. The log has that, or,
  // with Durability::at_stop, it is lost.
  virtual bool is_merged() const { return true; }
};

}  // namespace pharos::storage
