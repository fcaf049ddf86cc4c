#include "monitor/outage_guard.h"

#include <algorithm>
#include <string_view>

namespace pharos::monitor {

void OutageGuard::forget(std::uint64_t target) {
  std::erase_if(newest_, [&](const Entry& entry) { return entry.target == target; });
  withheld_.erase(target);
}

OutageGuard::Recent OutageGuard::recent() const {
  Recent out;
  std::unordered_set<std::string_view> seen;
  for (auto entry = newest_.rbegin(); entry != newest_.rend() && out.hosts < options_.min_hosts; ++entry) {
    if (entry->failed) out.failed_targets.push_back(entry->target);
    if (!entry->counts || !seen.insert(entry->host).second) continue;
    ++out.hosts;
    if (entry->failed) ++out.failed;
  }
  return out;
}

void OutageGuard::begin(SteadyTime now) {
  outage_ = true;
  began_ = now;
  opened_hosts_.clear();
}

void OutageGuard::end() {
  outage_ = false;
  // Its failures say nothing about the time after it.
  newest_.clear();
}

OutageGuard::Ruling OutageGuard::observe(std::uint64_t target, const std::string& host, bool was_online, bool opened,
                                         SteadyTime now) {
  Ruling ruling;
  if (outage_) {
    if (opened && opened_hosts_.size() < options_.recovered_hosts) opened_hosts_.insert(host);
    const bool long_enough = now - began_ >= options_.longest && !opened_hosts_.empty();
    if (opened_hosts_.size() >= options_.recovered_hosts || long_enough) {
      end();
      ruling.ended = true;
    }
  }
  if (outage_) {
    ruling.judge = opened;
    if (opened)
      withheld_.erase(target);
    else if (was_online)
      withheld_.insert(target);
    return ruling;
  }
  if (!was_online) return ruling;

  const bool retried = withheld_.contains(target);
  forget(target);
  newest_.push_back({target, host, !opened, opened || !retried});
  if (newest_.size() > std::max(options_.window, options_.min_hosts)) newest_.pop_front();
  const Recent recently = recent();
  const double share =
      recently.hosts == 0 ? 0 : static_cast<double>(recently.failed) / static_cast<double>(recently.hosts);
  if (recently.hosts < options_.min_hosts || share <= options_.failed_share) return ruling;
  begin(now);
  ruling.began = true;
  ruling.forgive = recently.failed_targets;
  std::erase(ruling.forgive, target);
  withheld_.insert(ruling.forgive.begin(), ruling.forgive.end());
  withheld_.insert(target);
  ruling.judge = opened;
  return ruling;
}

}  // namespace pharos::monitor
