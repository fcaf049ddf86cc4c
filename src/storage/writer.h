// The one thread that writes: takes what is queued, decides it in one transaction, commits, publishes, answers.
//
// Group commit without waiting: a commit takes what came in while the one before it was on its way to the disk, so an
// idle writer answers after one flush and a busy one shares it. When a batch cannot be committed each of its parts is
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
#include "storage/store.h"
#include "util/bounded_queue.h"
#include "util/clock.h"
#include "util/sync.h"

namespace pharos::storage {

class Writer {
 public:
  // Starts the thread. env, feed and clock outlive the writer; env is open for writing.
  Writer(Env& env, CommitFeed& feed, const Clock& clock, const StoreOptions& options,
         const metrics::StorageMetrics& metrics, Seq last_seq);
  // stop()
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // As Store documents them. Any thread.
  bool submit(PutRequest&& request);
  bool submit_update(std::function<bool(WriteTxn&)> apply, std::function<void(bool)> done);
  Seq last_seq() const { return last_seq_.load(std::memory_order_acquire); }
  void stop();

 private:
  struct Update {
    std::function<bool(WriteTxn&)> apply;
    std::function<void(bool)> done;
  };
  struct Submission {
    std::variant<PutRequest, Update> what;
    SteadyTime submitted_at;
  };
  struct Decision {
    PutOutcome outcome = PutOutcome::failed_io;
    Seq seq = 0;           // of an event that is stored
    bool applied = false;  // of an update
  };
  struct Batch {
    std::vector<Submission> submissions;
    std::vector<Decision> decisions;
    EventStore::DeletedCounts deleted{};
    Seq last_seq = 0;  // after it
  };

  void run();
  void process(Batch& batch);
  // Decides and commits the batch; with `grow` it takes in what is queued meanwhile. nullopt when it is durable.
  std::optional<StorageFailure> try_commit(Batch& batch, bool grow);
  Decision decide(const Submission& submission, WriteTxn& txn, EventStore& events) const;
  bool apply_update(const Update& update, WriteTxn& txn) const;
  // True when the batch got more submissions; false when it is to be closed.
  bool take_more(Batch& batch, SteadyTime began, std::size_t bytes);
  // After the commit, or after its failure.
  void finish(const Batch& batch);
  void fail(const Batch& batch, const StorageFailure& failure);
  void count(const Batch& batch) const;
  void complain(const StorageFailure& failure, std::size_t submissions);
  // True when there may be more to erase.
  bool erase_expired();

  Env& env_;
  CommitFeed& feed_;
  const Clock& clock_;
  const StoreOptions options_;
  const metrics::StorageMetrics metrics_;
  BoundedQueue<Submission> queue_;
  std::atomic<Seq> last_seq_;
  SteadyTime next_complaint_{};  // writer thread
  Mutex stop_mutex_;
  std::thread thread_ PHAROS_GUARDED_BY(stop_mutex_);
};

}  // namespace pharos::storage
