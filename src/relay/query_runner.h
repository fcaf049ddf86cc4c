// Runs scan slices on the worker pool. Each waits its turn as slice_queue.h says, so a new query waits for the slice
// that runs and for other new ones, however many long scans there are.
// Any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "metrics/relay_metrics.h"
#include "relay/slice_queue.h"
#include "relay/sliced_work.h"
#include "util/sync.h"
#include "util/worker_pool.h"

namespace pharos::relay {

class SliceRunner {
 public:
  virtual ~SliceRunner() = default;
  // Runs one slice of the work, then done on the thread that ran it. False when too many wait: done is not called.
  virtual bool run(std::shared_ptr<SlicedWork> work, std::function<void(ScanSlice&&)> done) = 0;
};

// Jobs on the pool keep it alive; the store and the pool outlive the jobs.
class QueryRunner final : public SliceRunner, public std::enable_shared_from_this<QueryRunner> {
 public:
  // At most `parallel` slices at a time, at most `max_queued` wait here. With as many as the pool has threads, what
  // else the pool does waits for one slice of a thread at most, however many scans there are.
  QueryRunner(const storage::Store& store, WorkerPool& pool, const Clock& clock, std::size_t parallel,
              std::size_t max_queued, const metrics::RelayMetrics& metrics);

  bool run(std::shared_ptr<SlicedWork> work, std::function<void(ScanSlice&&)> done) override;

 private:
  struct Request {
    std::shared_ptr<SlicedWork> work;
    std::function<void(ScanSlice&&)> done;
  };
  bool start_job() PHAROS_REQUIRES(mutex_);
  void run_job();
  void run_one(Request& request);

  const storage::Store& store_;
  WorkerPool& pool_;
  const Clock& clock_;
  const std::size_t parallel_;
  const std::size_t max_queued_;
  const metrics::RelayMetrics metrics_;

  Mutex mutex_;
  SliceQueue<Request> queue_ PHAROS_GUARDED_BY(mutex_);
  std::size_t jobs_ PHAROS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pharos::relay
