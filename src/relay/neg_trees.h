// The trees of sums that the settings name (neg_tree_keeper.h). One that was given up is built again when it is asked
// for, after a pause that grows each time: what it was given up for may have passed.
//
// Any thread. What it was made with outlives it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "relay/neg_tree_keeper.h"

namespace pharos::relay {

class NegTrees {
 public:
  static constexpr std::chrono::minutes kFirstPause{10};
  static constexpr std::chrono::minutes kLongestPause{6 * 60};

  // Of a server; none for tests that want none.
  struct Services {
    storage::Store& store;
    const Clock& clock;
    std::shared_ptr<SliceRunner> runner;
    std::shared_ptr<NegMemory> memory;
  };
  NegTrees() = default;
  NegTrees(Services services, const Options& options, const metrics::RelayMetrics& metrics);

  // Once.
  void start();
  // Ends the building of those that are not whole; none is built again.
  void stop();

  // The one that serves these filters for whoever has these keys; nullptr when there is none, or it was given up.
  std::shared_ptr<NegTreeKeeper> find(const std::vector<Filter>& filters, const KeyList& readers);

 private:
  struct Tree {
    std::shared_ptr<NegTreeKeeper> keeper;
    std::chrono::minutes pause = kFirstPause;
    std::optional<SteadyTime> again_at;  // once it was seen that it is given up
  };
  std::shared_ptr<NegTreeKeeper> make(const Filter& filter) const;
  // Whether it is built again from now on.
  bool is_revived(Tree& tree) PHAROS_REQUIRES(mutex_);

  const std::optional<Services> services_;
  const Options options_{};
  const metrics::RelayMetrics metrics_{};
  Mutex mutex_;
  std::vector<Tree> trees_ PHAROS_GUARDED_BY(mutex_);
  bool stopped_ PHAROS_GUARDED_BY(mutex_) = false;
};

}  // namespace pharos::relay
