// A Store in a directory of its own, and what came out of it.
#pragma once

#include <condition_variable>
#include <memory>
#include <memory_resource>
#include <utility>
#include <vector>

#include "storage/commit_feed.h"
#include "storage/draft.h"
#include "storage/store.h"
#include "support/event_factory.h"
#include "support/temp_dir.h"
#include "util/sync.h"

namespace pharos::test {

// Outcomes in the order of their callbacks. Any thread.
class Outcomes {
 public:
  std::function<void(storage::PutOutcome)> next() {
    return [this](storage::PutOutcome outcome) {
      Lock lock(mutex_);
      outcomes_.push_back(outcome);
      changed_.notify_all();
    };
  }
  // Waits until there are that many.
  std::vector<storage::PutOutcome> wait_for(std::size_t count) {
    Lock lock(mutex_);
    while (outcomes_.size() < count) lock.wait(changed_);
    return outcomes_;
  }

 private:
  Mutex mutex_;
  std::condition_variable changed_;
  std::vector<storage::PutOutcome> outcomes_ PHAROS_GUARDED_BY(mutex_);
};

class StoreHarness {
 public:
  explicit StoreHarness(storage::StoreOptions options = {}) : options_(std::move(options)) {
    options_.directory = directory_.path();
    if (options_.map_size_bytes > (256U << 20U)) options_.map_size_bytes = 256U << 20U;
    reopen();
  }

  void reopen() {
    store_.reset();
    store_ = std::move(storage::Store::open(options_, clock_, metrics).value());
  }

  // Until the next reopen().
  void close() { store_.reset(); }

  storage::Store& store() { return *store_; }
  ManualClock& clock() { return clock_; }
  storage::StoreOptions& options() { return options_; }
  const std::filesystem::path& directory() const { return directory_.path(); }

  bool submit(Event event, Outcomes& outcomes, storage::Origin origin = storage::kLocalOrigin) {
    storage::PutRequest request{std::make_shared<const Event>(std::move(event)), origin, outcomes.next()};
    if (!drafts) return store_->submit(std::move(request));
    struct Drafted {
      std::pmr::monotonic_buffer_resource memory;
      storage::Draft draft;
    };
    const auto kept = std::make_shared<Drafted>();
    kept->draft = storage::draft_event(*request.event, store_->tables().rules(), kept->memory);
    request.draft = &kept->draft;
    request.done = [kept, next = outcomes.next()](storage::PutOutcome outcome) { next(outcome); };
    return store_->submit(std::move(request));
  }
  storage::PutOutcome put(Event event) {
    Outcomes outcomes;
    submit(std::move(event), outcomes);
    return outcomes.wait_for(1).front();
  }

  metrics::StorageMetrics metrics;  // as of the next reopen()
  bool drafts = false;              // submits events with theirs

 private:
  testing::TempDir directory_;
  storage::StoreOptions options_;
  ManualClock clock_{1'800'000'000};
  std::unique_ptr<storage::Store> store_;
};

}  // namespace pharos::test
