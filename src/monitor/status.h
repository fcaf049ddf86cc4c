// The monitor's state as JSON, for the admin listener and `pharos monitor status`. Pure; any thread.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "monitor/publish_link.h"
#include "monitor/result.h"
#include "monitor/target_book.h"

namespace pharos::monitor {

struct RecentProbe {
  std::string url;
  std::int64_t at_unix_ms = 0;
  bool judged = true;  // false: withheld, because our own network seemed down
  bool online = false;
  ProbeResult result;  // without the document
};

// A target that the operator named, but that is not watched.
struct RefusedTarget {
  std::string text;  // printable()
  std::string reason;
};

struct StatusView {
  std::string public_key;
  std::int64_t now_unix_ms = 0;
  std::int64_t period_ms = 0;
  std::int64_t full_cycle_unix_ms = 0;  // every online relay was checked since then
  bool own_outage = false;
  std::size_t in_flight = 0;
  std::size_t overdue = 0;
  std::size_t own_store_waiting = 0;
  std::size_t max_targets_listed = 0;
  const TargetBook* book = nullptr;
  const std::vector<RefusedTarget>* refused = nullptr;
  std::size_t refused_omitted = 0;  // more of them
  std::vector<PublishRelayStatus> publish_relays;
  const std::deque<RecentProbe>* recent = nullptr;  // newest first
};

// One object; "targets" lists at most max_targets_listed, "targets_omitted" says how many more there are;
// "refused_targets" and "refused_targets_omitted" likewise.
std::string status_to_json(const StatusView& view);

}  // namespace pharos::monitor
