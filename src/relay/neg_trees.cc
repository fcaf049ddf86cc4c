#include "relay/neg_trees.h"

#include <algorithm>

namespace pharos::relay {

NegTrees::NegTrees(Services services, const Options& options, const metrics::RelayMetrics& metrics)
    : services_(std::move(services)), options_(options), metrics_(metrics) {
  if (!options_.negentropy) return;
  for (const Filter& filter : options_.negentropy_trees) trees_.push_back({make(filter), kFirstPause, std::nullopt});
}

std::shared_ptr<NegTreeKeeper> NegTrees::make(const Filter& filter) const {
  return std::make_shared<NegTreeKeeper>(services_->store, services_->clock, services_->runner, services_->memory,
                                         filter, options_, metrics_);
}

void NegTrees::start() {
  Lock lock(mutex_);
  for (const Tree& tree : trees_) tree.keeper->start();
}

void NegTrees::stop() {
  Lock lock(mutex_);
  stopped_ = true;
  for (const Tree& tree : trees_) tree.keeper->stop();
}

std::shared_ptr<NegTreeKeeper> NegTrees::find(const std::vector<Filter>& filters, const KeyList& readers) {
  Lock lock(mutex_);
  const auto tree = std::ranges::find_if(trees_, [&](const Tree& one) { return one.keeper->serves(filters, readers); });
  if (tree == trees_.end()) return nullptr;
  if (!tree->keeper->is_given_up()) {
    tree->again_at.reset();
    return tree->keeper;
  }
  return is_revived(*tree) ? tree->keeper : nullptr;
}

bool NegTrees::is_revived(Tree& tree) {
  if (stopped_) return false;
  const SteadyTime now = services_->clock.now();
  if (!tree.again_at) {
    tree.again_at = now + tree.pause;
    tree.pause = std::min(2 * tree.pause, kLongestPause);
  }
  if (now < *tree.again_at) return false;
  tree.again_at.reset();
  tree.keeper->retire();
  tree.keeper = make(tree.keeper->filter());
  tree.keeper->start();
  return true;
}

}  // namespace pharos::relay
