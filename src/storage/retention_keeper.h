// Applies the retention rules and the bound of the database's size, again and again, in small batches behind what is
// served. What the settings make stricter, by a reload or over a restart, is told in the log with what it would erase,
// and erases nothing before its notice is over.
//
// The size is that of LMDB's pages in use, so what is erased shows in it once it was merged: a step erases at most a
// twentieth of all events, the ones that came first, and the next one waits for its merge. Replaceable and addressable
// events, deletion requests and requests to vanish are left alone by it.
//
// Owned by app; the store outlives it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "metrics/storage_metrics.h"
#include "storage/retention.h"
#include "storage/retention_notice.h"
#include "util/clock.h"
#include "util/snapshot.h"
#include "util/sync.h"

namespace pharos::storage {

struct RetentionOptions {
  std::shared_ptr<const RetentionRules> rules = std::make_shared<const RetentionRules>();
  std::uint64_t max_size_bytes = 0;                           // 0 for no bound
  std::chrono::milliseconds interval{std::chrono::hours(1)};  // between two passes
  std::chrono::seconds notice{std::chrono::hours(1)};         // that what is new waits
  std::chrono::milliseconds size_step{10'000};                // between two steps while the size is beyond its bound
};

class RetentionKeeper {
 public:
  // Starts the thread with a pass. `in_force` is set whenever other rules come into force, and at once.
  RetentionKeeper(Store& store, const Clock& clock, RetentionOptions options, const metrics::StorageMetrics& metrics,
                  std::shared_ptr<pharos::Snapshot<RetentionRules>> in_force);
  // stop()
  ~RetentionKeeper();
  RetentionKeeper(const RetentionKeeper&) = delete;
  RetentionKeeper& operator=(const RetentionKeeper&) = delete;

  // In force at once but for what has to wait. What the pass under way has left of the rules before is not erased but
  // for a batch that is being written, and another pass follows. Any thread.
  void reconfigure(RetentionOptions options);
  // What of the settings is not in force yet. Any thread.
  std::vector<RetentionWait> waiting() const;
  // Before the store stops, which ends the sweep under way. Idempotent.
  void stop();

 private:
  struct Answer;

  void run();
  void read_notice();
  // What the settings say.
  void take() PHAROS_REQUIRES(mutex_);
  void come_into_force() PHAROS_REQUIRES(mutex_);
  void tell(const RetentionOptions& options);
  // The next that was not told of and waits still.
  std::optional<RetentionRule> untold_rule();
  void keep_notice();
  bool is_interrupted() const;
  // When there is something to do again, unless other settings come.
  std::chrono::milliseconds until_next_look(const RetentionOptions& options, bool is_beyond) const;
  void apply_rules();
  // Whether the size is still beyond its bound.
  bool keep_size();
  std::vector<Seq> first_to_go(std::uint64_t count);
  // Waits for its end; nothing when it was not taken or the keeper stops.
  std::optional<Swept> sweep(Sweep sweep);

  Store& store_;
  const Clock& clock_;
  const metrics::StorageMetrics metrics_;
  const std::shared_ptr<pharos::Snapshot<RetentionRules>> in_force_;
  // Own thread.
  std::string kept_notice_;
  std::shared_ptr<std::atomic<bool>> notice_written_ = std::make_shared<std::atomic<bool>>(false);
  Seq looked_at_ = 0;               // for the size, in the order of arrival
  std::uint64_t awaits_merge_ = 0;  // the generation that holds the erasures of the last step

  mutable Mutex mutex_;
  std::condition_variable changed_;
  RetentionOptions options_ PHAROS_GUARDED_BY(mutex_);
  bool reconfigured_ PHAROS_GUARDED_BY(mutex_) = false;
  bool stopping_ PHAROS_GUARDED_BY(mutex_) = false;
  RetentionNotice notice_ PHAROS_GUARDED_BY(mutex_);
  RetentionNotice::News untold_ PHAROS_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> forecasts_ PHAROS_GUARDED_BY(mutex_);  // by the names of rules that waited
  bool is_new_ PHAROS_GUARDED_BY(mutex_) = false;                             // the database: nothing has to wait
  std::shared_ptr<Answer> awaited_ PHAROS_GUARDED_BY(mutex_);

  Mutex stop_mutex_;
  std::thread thread_ PHAROS_GUARDED_BY(stop_mutex_);
};

}  // namespace pharos::storage
