#include "relay/query_runner.h"

namespace pharos::relay {

QueryRunner::QueryRunner(const storage::Store& store, WorkerPool& pool, const Clock& clock, std::size_t parallel,
                         std::size_t max_queued, const metrics::RelayMetrics& metrics)
    : store_(store), pool_(pool), clock_(clock), parallel_(parallel), max_queued_(max_queued), metrics_(metrics) {}

bool QueryRunner::run(std::shared_ptr<SlicedWork> work, std::function<void(ScanSlice&&)> done) {
  Lock lock(mutex_);
  if (queue_.size() >= max_queued_) return false;
  if (jobs_ < parallel_ && !start_job() && jobs_ == 0) return false;
  const Duration used = work->used();
  queue_.push({std::move(work), std::move(done)}, clock_.now(), used);
  metrics_.scans_queued.set(static_cast<std::int64_t>(queue_.size()));
  return true;
}

bool QueryRunner::start_job() {
  ++jobs_;
  if (pool_.try_submit([self = shared_from_this()] { self->run_job(); })) return true;
  --jobs_;
  return false;
}

void QueryRunner::run_job() {
  while (true) {
    Request request;
    {
      Lock lock(mutex_);
      if (queue_.empty()) {
        --jobs_;
        return;
      }
      request = queue_.pop();
      metrics_.scans_queued.set(static_cast<std::int64_t>(queue_.size()));
    }
    run_one(request);

    // Back to the end of the pool's queue, so that verification gets its turn.
    Lock lock(mutex_);
    --jobs_;
    if (queue_.empty() || start_job()) return;
    ++jobs_;
  }
}

void QueryRunner::run_one(Request& request) {
  metrics_.scans_running.add(1);
  ScanSlice slice = request.work->run_slice(store_, clock_);
  metrics_.scans_running.add(-1);
  metrics_.query_scanned_records.add(slice.scanned);
  metrics_.search_candidates.add(slice.candidates);
  metrics_.query_returned_events.add(slice.events);
  if (slice.end == storage::SliceEnd::cut_short) metrics_.query_truncated.add();
  request.done(std::move(slice));
}

}  // namespace pharos::relay
