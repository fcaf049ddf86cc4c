// The one thread that decides: takes what is queued, decides it against the store, appends the decisions to the log,
// then shows, publishes and answers them. LMDB is the merger's.
//
// With Durability::at_stop there is no log: what is decided is shown at once, and durable when it is merged.
//
// Group commit without waiting: a commit takes what came in while the one before it was on its way to the disk, so an
// idle writer answers after one flush and a busy one shares it. When a batch cannot be logged each of its parts is
// tried alone, so that a small event may still find room where a large one did not.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "metrics/storage_metrics.h"
#include "storage/commit_feed.h"
#include "storage/env.h"
#include "storage/event_store.h"
#include "storage/files.h"
#include "storage/memtables.h"
#include "storage/merger.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/tombstones.h"
#include "storage/wal.h"
#include "util/bounded_queue.h"
#include "util/clock.h"
#include "util/sync.h"

namespace pharos::storage {

class Writer {
 public:
  // What the writer works with; outlives it.
  struct Parts {
    Env& env;  // open for writing
    Memtables& memtables;
    Merger& merger;
    Files& files;
    CommitFeed& feed;
    const Clock& clock;
    // Takes over the answer to a stored request to vanish (NIP-62); false: it is answered at once.
    std::function<bool(const Vanished&, Callback<void(PutOutcome)>&)> on_vanished;
  };

  // Starts the thread. next_generation is above those of all memtables and logs.
  Writer(const Parts& parts, const StoreOptions& options, const metrics::StorageMetrics& metrics, Seq last_seq,
         std::uint64_t next_generation);
  // stop()
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // As Store documents them. Any thread.
  bool submit(PutRequest&& request);
  bool submit_erase(EraseRequest&& request);
  bool submit_update(std::function<bool(WriteTxn&)> apply, std::function<void(bool)> done);
  Seq last_seq() const { return last_seq_.load(std::memory_order_acquire); }
  std::uint64_t merge_soon();
  bool is_failing() const { return failing_.load(std::memory_order_relaxed); }
  void stop();

 private:
  struct Submission {
    std::variant<PutRequest, EraseRequest, Update> what;
    SteadyTime submitted_at;
  };
  struct Decision {
    PutOutcome outcome = PutOutcome::failed_io;
    Seq seq = 0;             // of an event that is stored
    std::size_t erased = 0;  // of an EraseRequest
  };
  struct Batch {
    std::vector<Submission> submissions;
    std::vector<Decision> decisions;
    EventStore::DeletedCounts deleted{};
    std::vector<ErasedEvent> erased;
  };

  void run();
  void process(Batch& batch);
  bool has_log() const { return options_.durability != Durability::at_stop; }
  WalBatch::Keep kept_changes() const { return has_log() ? WalBatch::Keep::bytes : WalBatch::Keep::size; }
  // When the active memtable is full. Of a store that lives for one import the first is smaller, so that the merger has
  // work soon.
  std::size_t memtable_limit() const;
  // Makes sure of a memtable with room and its log.
  std::optional<StorageFailure> prepare();
  std::optional<StorageFailure> begin_generation();
  // Everything decided so far, the events of the commit under way too.
  Result<Snapshot, StorageFailure> look() const;
  Decision decide(const Submission& submission, EventStore& events) const;
  // Decides the batch and logs it; with `grow` it takes in what is queued meanwhile. nullopt when it is durable.
  std::optional<StorageFailure> try_commit(Batch& batch, bool grow);
  // Logs what was decided on the snapshot, where there is a log.
  std::optional<StorageFailure> append(const Snapshot& snapshot, EventStore& events);
  std::optional<StorageFailure> log_changes(EventStore& events);
  // Before the updates of a batch go to LMDB, which is always synced: what they say of events must not outlive these.
  bool make_durable_for_updates(const Batch& batch);
  // True when the batch got more submissions; false when it is to be closed.
  bool take_more(Batch& batch, SteadyTime began, std::size_t bytes);
  // After the commit, or after its failure.
  void finish(Batch& batch);
  // After something was erased: where the database is full its room comes with the merge.
  void merge_for_room();
  void finish_one(Submission& submission, const Decision& decision, bool may_update);
  void fail(Batch& batch, const StorageFailure& failure);
  void count_taken(const std::vector<Submission>& submissions, std::size_t from) const;
  void count(const Batch& batch) const;
  void complain(const StorageFailure& failure, std::size_t submissions);
  // True when there may be more to erase.
  bool erase_expired();

  const Parts parts_;
  const StoreOptions options_;
  const metrics::StorageMetrics metrics_;
  BoundedQueue<Submission> queue_;
  std::atomic<Seq> last_seq_;  // of what is durable
  std::atomic<bool> failing_{false};
  std::atomic<bool> merge_wanted_{false};
  std::atomic<std::uint64_t> active_generation_{0};
  // Writer thread.
  Seq last_given_;
  std::uint64_t next_generation_;
  const std::uint64_t first_generation_;
  const std::shared_ptr<ArenaChunks> chunks_;  // of memtables
  std::shared_ptr<Memtable> active_;
  std::unique_ptr<Wal> wal_;
  SteadyTime next_complaint_{};
  Mutex stop_mutex_;
  std::thread thread_ PHAROS_GUARDED_BY(stop_mutex_);
};

}  // namespace pharos::storage
