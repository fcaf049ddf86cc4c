// Applies the retention rules and the bound of the database's size, again and again, in small batches behind what is
// served. What a reload makes stricter is told in the log with what it would erase, and erases nothing before the pass
// after that.
//
// The size is that of LMDB's pages in use, so what is erased shows in it once it was merged: a step erases at most a
// twentieth of all events, the ones that came first, and the next one waits for its merge. Replaceable and addressable
// events, deletion requests and requests to vanish are left alone by it.
//
// Owned by app; the store outlives it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "metrics/storage_metrics.h"
#include "storage/retention.h"
#include "storage/retention_notice.h"
#include "util/clock.h"
#include "util/sync.h"

namespace pharos::storage {

struct RetentionOptions {
  std::shared_ptr<const RetentionRules> rules = std::make_shared<const RetentionRules>();
  std::uint64_t max_size_bytes = 0;  // 0 for no bound
  std::chrono::milliseconds interval{std::chrono::hours(1)};
  std::chrono::milliseconds size_step{10'000};  // between two steps while the size is beyond its bound
};

class RetentionKeeper {
 public:
  // Starts the thread with a pass.
  RetentionKeeper(Store& store, const Clock& clock, RetentionOptions options, const metrics::StorageMetrics& metrics);
  // stop()
  ~RetentionKeeper();
  RetentionKeeper(const RetentionKeeper&) = delete;
  RetentionKeeper& operator=(const RetentionKeeper&) = delete;

  // A pass follows at once, with what was in force before; what is new waits for the next. Any thread.
  void reconfigure(RetentionOptions options);
  // Before the store stops, which ends the sweep under way. Idempotent.
  void stop();

 private:
  struct Answer;

  void run();
  RetentionOptions current() const;
  bool is_stopping() const;
  void give_notice(const RetentionOptions& options);
  void apply_rules(const RetentionOptions& options);
  // Whether the size is still beyond its bound.
  bool keep_size(const RetentionOptions& options);
  std::vector<Seq> first_to_go(const RetentionOptions& options, std::uint64_t count);
  // Waits for its end; nothing when it was not taken or the keeper stops.
  std::optional<Swept> sweep(Sweep sweep);

  Store& store_;
  const Clock& clock_;
  const metrics::StorageMetrics metrics_;
  // Own thread.
  RetentionNotice notice_;
  bool told_of_size_ = false;       // since the bound changed
  Seq looked_at_ = 0;               // for the size, in the order of arrival
  std::uint64_t awaits_merge_ = 0;  // the generation that holds the erasures of the last step

  mutable Mutex mutex_;
  std::condition_variable changed_;
  RetentionOptions options_ PHAROS_GUARDED_BY(mutex_);
  bool reconfigured_ PHAROS_GUARDED_BY(mutex_) = false;
  bool stopping_ PHAROS_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Answer> awaited_ PHAROS_GUARDED_BY(mutex_);

  Mutex stop_mutex_;
  std::thread thread_ PHAROS_GUARDED_BY(stop_mutex_);
};

}  // namespace pharos::storage
