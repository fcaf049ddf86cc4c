#include "monitor/outage_guard.h"

#include <algorithm>
#include <unordered_set>

namespace pharos::monitor {

void OutageGuard::forget(std::uint64_t target) {
  std::erase_if(newest_, [&](const Entry& entry) { return entry.target == target; });
}

OutageGuard::Recent OutageGuard::recent() const {
  Recent out;
  std::unordered_set<std::string_view> seen;
  for (auto entry = newest_.rbegin(); entry != newest_.rend() && out.hosts < options_.min_hosts; ++entry) {
    if (entry->failed) out.failed_targets.push_back(entry->target);
    if (!seen.insert(entry->host).second) continue;
    ++out.hosts;
    if (entry->failed) ++out.failed;
  }
  return out;
}

OutageGuard::Ruling OutageGuard::observe(std::uint64_t target, const std::string& host, bool was_online, bool opened) {
  Ruling ruling;
  if (was_online) {
    forget(target);
    newest_.push_back({target, host, !opened});
    if (newest_.size() > std::max(options_.window, options_.min_hosts)) newest_.pop_front();

    const Recent now = recent();
    const double share = static_cast<double>(now.failed) / static_cast<double>(now.hosts);
    if (!outage_ && now.hosts >= options_.min_hosts && share > options_.failed_share) {
      outage_ = true;
      ruling.began = true;
      ruling.forgive = now.failed_targets;
      std::erase(ruling.forgive, target);
    } else if (outage_ && share < options_.recovered_share) {
      outage_ = false;
      ruling.ended = true;
    }
  }
  ruling.judge = opened || !outage_;
  return ruling;
}

}  // namespace pharos::monitor
