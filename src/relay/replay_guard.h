// The ids of authorizations (NIP-98) that were used, as long as they could be used again. Any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_set>
#include <utility>

#include "nostr/types.h"
#include "util/clock.h"
#include "util/sync.h"

namespace pharos::relay {

class ReplayGuard {
 public:
  static constexpr std::size_t kMaxIds = 4'096;  // beyond it none is taken until the oldest is of no use any more

  // keep: seconds from its use during which an authorization could be used again.
  explicit ReplayGuard(UnixSeconds keep) : keep_(keep) {}

  enum class Use { first, again, full };
  Use use(const EventId& id, UnixSeconds now) {
    Lock lock(mutex_);
    while (!order_.empty() && order_.front().second < now - keep_) {
      used_.erase(order_.front().first);
      order_.pop_front();
    }
    if (used_.contains(id)) return Use::again;
    if (used_.size() >= kMaxIds) return Use::full;
    used_.insert(id);
    order_.emplace_back(id, now);
    return Use::first;
  }

 private:
  const UnixSeconds keep_;
  Mutex mutex_;
  std::unordered_set<EventId, FixedBytesHash> used_ PHAROS_GUARDED_BY(mutex_);
  std::deque<std::pair<EventId, UnixSeconds>> order_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::relay
