// What the router tells about its upstreams: a value, copied out of the router's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/ledger.h"
#include "router/options.h"

namespace pharos::router {

enum class UpstreamState { disabled, waiting, dialing, connecting, catching_up, live, draining, stopped };
std::string_view name(UpstreamState state);

struct LedgerStatus {
  std::string filter;  // JSON
  Ledger::Summary summary;
  double complete_share = 0;  // of the wanted seconds
  // The newest unbroken complete stretch: 0, 0 when there is none.
  Interval newest_complete{0, -1};
  std::uint64_t coalesced = 0;
};

// An event that the upstream did not take.
struct RefusedEvent {
  std::string id;
  UnixSeconds at = 0;
  std::string reason;  // as in sent_refusals
  std::string text;    // the upstream's, printable()
};

struct UpstreamStatus {
  std::string name;
  std::string url;
  Direction direction = Direction::down;
  UpstreamState state = UpstreamState::stopped;
  std::string breaker;
  unsigned retries = 0;
  UnixSeconds connected_since = 0;  // 0: not connected
  UnixSeconds last_event = 0;       // when the last event came; 0: never
  UnixSeconds next_retry = 0;       // 0: none is planned
  std::string last_error;           // printable()
  UnixSeconds last_error_at = 0;    // 0: it stands since the start
  bool error_stands = false;        // of this connection, and nothing that was asked has gone well since
  // down
  std::uint64_t novel = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t invalid = 0;  // refused by ingest, or not even parsable
  std::uint64_t lost = 0;
  std::uint64_t non_conforming = 0;
  std::vector<std::pair<std::string, std::uint64_t>> invalid_reasons;
  std::uint64_t pages_complete = 0;
  std::uint64_t pages_empty = 0;
  std::uint64_t pages_failed = 0;
  std::uint64_t in_flight = 0;
  std::vector<LedgerStatus> ledgers;
  // up
  std::uint64_t sent_accepted = 0;
  std::uint64_t sent_duplicate = 0;
  std::uint64_t sent_refused = 0;
  std::uint64_t sent_retries = 0;
  std::vector<std::pair<std::string, std::uint64_t>> sent_refusals;
  std::vector<RefusedEvent> last_refused;  // newest last
  std::uint64_t backlog = 0;
};

// What is wrong with an upstream that is connected: that it refuses what it is asked, or all that is published to it.
// "" for one that is fine, or not connected.
std::string trouble(const UpstreamStatus& upstream);

// {"upstreams":[...]}; times are unix seconds, null where there is none.
std::string status_json(const std::vector<UpstreamStatus>& upstreams);

std::string_view name(Direction direction);

}  // namespace pharos::router
