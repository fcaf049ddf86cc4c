#include "router/catchup.h"

#include <algorithm>
#include <utility>

namespace pharos::router {

Catchup::Catchup(const Filter& base, std::vector<Interval> gaps, bool served_before, const CatchupOptions& options)
    : base_(base),
      gaps_(gaps.begin(), gaps.end()),
      all_gaps_(std::move(gaps)),
      served_before_(served_before),
      options_(options),
      parallel_(std::max<std::size_t>(options.parallel_requests, 1)) {}

Catchup::Walk* Catchup::find(WalkId id) {
  const auto found = std::find_if(walks_.begin(), walks_.end(), [id](const Walk& walk) { return walk.id == id; });
  return found == walks_.end() ? nullptr : &*found;
}

std::optional<Catchup::Request> Catchup::next() {
  const auto in_flight = static_cast<std::size_t>(
      std::count_if(walks_.begin(), walks_.end(), [](const Walk& walk) { return walk.in_flight; }));
  if (in_flight >= parallel_) return std::nullopt;
  auto idle = std::find_if(walks_.begin(), walks_.end(), [](const Walk& walk) { return !walk.in_flight; });
  if (idle == walks_.end()) {
    if (gaps_.empty()) return std::nullopt;
    walks_.push_back(
        {next_id_++, std::make_unique<PageWalker>(base_, gaps_.front(), served_before_, options_, proof_), false});
    gaps_.pop_front();
    idle = walks_.end() - 1;
  }
  idle->in_flight = true;
  return Request{idle->id, idle->walker->request()};
}

void Catchup::on_event(WalkId id, const Event& event, UnixSeconds live_after) {
  if (Walk* walk = find(id)) walk->walker->on_event(event, live_after);
}

void Catchup::on_foreign(WalkId id) {
  if (Walk* walk = find(id)) walk->walker->on_foreign();
}

void Catchup::on_unreadable(WalkId id) {
  if (Walk* walk = find(id)) walk->walker->on_unreadable();
}

void Catchup::on_eose(WalkId id, bool finish) {
  Walk* walk = find(id);
  if (walk == nullptr) return;
  walk->in_flight = false;
  walk->walker->on_eose(finish, claims_);
  if (walk->walker->state() == PageWalker::State::suspect) {
    fault_ = walk->walker->fault();
    all_complete_ = false;
    walks_.clear();
    gaps_.clear();
    for (const Interval& gap : all_gaps_) claims_.push_back({gap, Coverage::suspect, 0});
    return;
  }
  if (walks_.size() + gaps_.size() < parallel_) {
    if (const auto older = walk->walker->split()) gaps_.push_back(*older);
  }
  settle(*walk);
}

void Catchup::settle(Walk& walk) {
  if (walk.walker->state() == PageWalker::State::asking) return;
  std::erase_if(walks_, [id = walk.id](const Walk& each) { return each.id == id; });
}

void Catchup::hold(WalkId id) {
  if (Walk* walk = find(id)) {
    walk->in_flight = false;
    walk->walker->retry();
  }
}

void Catchup::fail(WalkId id) {
  Walk* walk = find(id);
  if (walk == nullptr) return;
  walk->walker->fail(claims_);
  settle(*walk);
}

void Catchup::abort(bool as_failed) {
  all_complete_ = false;
  if (as_failed) {
    for (Walk& walk : walks_) walk.walker->fail(claims_);
  }
  walks_.clear();
  gaps_.clear();
}

std::vector<Claim> Catchup::take_claims() {
  for (const Claim& claim : claims_) all_complete_ = all_complete_ && claim.state == Coverage::complete;
  return std::exchange(claims_, {});
}

}  // namespace pharos::router
