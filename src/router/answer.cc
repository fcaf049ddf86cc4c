#include "router/answer.h"

#include <algorithm>

namespace pharos::router {
namespace {
constexpr std::size_t kMaxKinds = 64;
}

void AnswerCheck::add(const Event& event, UnixSeconds live_after) {
  const UnixSeconds at = event.created_at;
  if (count_ > 0 && at > oldest_ && at >= live_after) return;
  if (!range_.contains(at) || (count_ > 0 && at > oldest_)) {
    conforming_ = false;
    return;
  }
  if (count_ == 0 || at < oldest_) {
    oldest_ = at;
    second_ids_.clear();
    second_kinds_.clear();
  }
  if (second_ids_.size() >= max_ids_ || !second_ids_.insert(event.id).second) {
    conforming_ = false;
    return;
  }
  const auto place = std::lower_bound(second_kinds_.begin(), second_kinds_.end(), event.kind);
  if ((place == second_kinds_.end() || *place != event.kind) && second_kinds_.size() < kMaxKinds)
    second_kinds_.insert(place, event.kind);
  ++count_;
  if (boundary_.contains(event.id)) ++reappeared_;
}

}  // namespace pharos::router
