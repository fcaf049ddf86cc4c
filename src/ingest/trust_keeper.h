// The web of trust: who lies within some follows (kind 3, as it is stored here) of the roots. Built in the background
// by slices on the pool, anew after lists of those in it have changed, and shown whole. Mutes are not looked at.
//
// Until the first is built nobody is refused by it: that takes seconds after a start, while a refusal is final for most
// clients. A build pauses for twenty times as long as it took, so that it takes a twentieth of a core at most.
//
// Any thread. The store, the pool and the clock outlive its work; it keeps itself alive while that runs.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "ingest/trusted_keys.h"
#include "metrics/access_metrics.h"
#include "storage/commit_feed.h"
#include "storage/store.h"
#include "util/clock.h"
#include "util/sync.h"
#include "util/worker_pool.h"

namespace pharos::ingest {

struct TrustOptions {
  std::vector<PublicKey> roots;  // none: there is no web of trust
  unsigned depth = 2;
  std::size_t max_keys = 1'000'000;         // those that are found later are not in it
  std::chrono::milliseconds pause{60'000};  // at least, between two builds

  friend bool operator==(const TrustOptions&, const TrustOptions&) = default;
};

class TrustKeeper final : public std::enable_shared_from_this<TrustKeeper> {
 public:
  // Called with each that is built, nullptr when there is none any more; not from within configure().
  using Show = std::function<void(std::shared_ptr<const TrustedKeys>)>;

  TrustKeeper(storage::Store& store, WorkerPool& pool, const Clock& clock, Random& random,
              const metrics::AccessMetrics& metrics, Show show);
  ~TrustKeeper();

  void configure(TrustOptions options);
  // About once a second: begins, or takes up, what is due.
  void tick();

 private:
  class Build;
  void on_batch(const storage::CommitBatch& batch);
  bool is_due(SteadyTime now) const PHAROS_REQUIRES(mutex_);
  void next_slice(const std::shared_ptr<Build>& build);
  void run_slice(const std::shared_ptr<Build>& build);
  void finish(const std::shared_ptr<Build>& build);

  storage::Store& store_;
  WorkerPool& pool_;
  const Clock& clock_;
  Random& random_;
  const metrics::AccessMetrics metrics_;
  const Show show_;

  mutable Mutex mutex_;
  TrustOptions options_ PHAROS_GUARDED_BY(mutex_);
  bool is_stale_ PHAROS_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Build> build_ PHAROS_GUARDED_BY(mutex_);    // under way
  std::shared_ptr<Build> waiting_ PHAROS_GUARDED_BY(mutex_);  // its next slice found no room in the pool
  std::shared_ptr<const TrustedKeys> shown_ PHAROS_GUARDED_BY(mutex_);
  SteadyTime not_before_ PHAROS_GUARDED_BY(mutex_);
  // Last: its end waits for the batch that is being looked at.
  storage::CommitFeed::Subscription subscription_;
};

}  // namespace pharos::ingest
