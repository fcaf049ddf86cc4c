// A sequence of subscriptions opened, replaced and closed, turns taken, events held and matched, against lists that are
// looked through from end to end. The input makes every random choice of tests/support/random_events.h.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>

#include "relay/live_index.h"
#include "relay/subscriptions.h"
#include "support/random_events.h"
#include "util/check.h"

namespace pharos::relay {
namespace {

constexpr std::size_t kMaxSteps = 500;

class Run {
 public:
  explicit Run(std::span<const std::uint8_t> input) : random_(input), events_(random_, shape()) {}

  void go() {
    for (std::size_t step = 0; step < kMaxSteps && !random_.empty(); ++step) {
      switch (random_.below(8)) {
        case 0:
        case 1:
        case 2:
          open();
          break;
        case 3:
          close();
          break;
        case 4:
          take_turn();
          break;
        case 5:
          let_live();
          break;
        default:
          deliver();
      }
      check();
    }
  }

 private:
  struct Open {
    std::string name;
    FilterList filters;
    LiveIndex::Handle handle;
    std::size_t held = 0;
  };

  static test::EventShape shape() {
    test::EventShape shape;
    shape.authors = 4;
    shape.seconds = 20;
    shape.kinds = {0, 1, 5, 1059, 10002, 30023};
    shape.max_tags = 3;
    return shape;
  }

  std::string name() { return std::string(1, static_cast<char>('a' + random_.below(12))); }

  void open() {
    const std::string wanted = name();
    if (const Subscription* before = set_.find(wanted)) remove(before->key);
    const auto filters = std::make_shared<const std::vector<Filter>>(events_.filters());
    const SubscriptionKey key = set_.add(wanted, filters, {}).key;
    PHAROS_FATAL_CHECK(key > last_key_);
    last_key_ = key;
    open_[key] = {wanted, filters, index_.add({nullptr, key}, filters)};
    line_.push_back(key);
  }

  void close() {
    const Subscription* found = set_.find(name());
    if (found != nullptr) remove(found->key);
  }

  void remove(SubscriptionKey key) {
    const auto at = open_.find(key);
    PHAROS_FATAL_CHECK(at != open_.end());
    index_.remove(at->second.handle);
    PHAROS_FATAL_CHECK(index_.find(at->second.handle) == nullptr);
    index_.remove(at->second.handle);
    set_.remove(key);
    PHAROS_FATAL_CHECK(set_.find(key) == nullptr);
    std::erase(line_, key);
    open_.erase(at);
  }

  void take_turn() {
    Subscription* next = set_.next_waiting();
    PHAROS_FATAL_CHECK((next != nullptr) == !line_.empty());
    if (next == nullptr) return;
    PHAROS_FATAL_CHECK(next->key == line_.front());
    next->phase = Subscription::Phase::stored;
    line_.pop_front();
  }

  void let_live() {
    Subscription* found = set_.find(name());
    if (found == nullptr || found->phase != Subscription::Phase::stored) return;
    PHAROS_FATAL_CHECK(set_.take_held(*found).size() == open_[found->key].held);
    open_[found->key].held = 0;
    found->phase = Subscription::Phase::live;
  }

  void deliver() {
    const auto event = std::make_shared<const Event>(events_.event());
    std::vector<LiveIndex::Handle> handles;
    index_.match(*event, handles);
    std::set<SubscriptionKey> found;
    for (const LiveIndex::Handle handle : handles) {
      const LiveIndex::Target* target = index_.find(handle);
      PHAROS_FATAL_CHECK(target != nullptr && found.insert(target->key).second);
    }
    const auto live = std::make_shared<const LiveEvent>(storage::CommittedEvent{1, storage::kLocalOrigin, event});
    for (auto& [key, open] : open_) {
      const bool is_wanted = std::ranges::any_of(*open.filters, [&](const Filter& f) { return matches(f, *event); });
      PHAROS_FATAL_CHECK(found.contains(key) == is_wanted);
      Subscription* subscription = set_.find(key);
      if (!is_wanted || subscription->phase == Subscription::Phase::live) continue;
      set_.hold(*subscription, live);
      ++open.held;
    }
  }

  void check() {
    std::size_t held = 0;
    std::size_t values = 0;
    std::size_t stored = 0;
    for (const auto& [key, open] : open_) {
      const Subscription* found = set_.find(key);
      PHAROS_FATAL_CHECK(found != nullptr && found == set_.find(open.name) && found->held.size() == open.held);
      held += open.held;
      values += SubscriptionSet::count_values(*open.filters);
      stored += found->phase == Subscription::Phase::stored ? 1 : 0;
    }
    PHAROS_FATAL_CHECK(set_.size() == open_.size() && index_.size() == open_.size());
    PHAROS_FATAL_CHECK(set_.held_events() == held && (held > 0 || set_.held_bytes() == 0));
    PHAROS_FATAL_CHECK(set_.values() == values && set_.stored_phases() == stored);
  }

  test::BytesRandom random_;
  test::RandomEvents events_;
  LiveIndex index_{7};
  SubscriptionSet set_;
  std::map<SubscriptionKey, Open> open_;
  std::deque<SubscriptionKey> line_;
  SubscriptionKey last_key_ = 0;
};

}  // namespace
}  // namespace pharos::relay

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pharos::relay::Run({data, size}).go();
  return 0;
}
