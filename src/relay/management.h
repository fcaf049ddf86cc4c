// The management of the relay over HTTP (NIP-86): {"method", "params"} in a POST to the relay's own URL, authorized by
// NIP-98, {"result"} or {"error"} back.
//
//   no administrators                           405
//   no or a bad authorization                   401
//   an authorization that was used for a change 401; one that reads may come again
//   another key than an administrator's         403
//   unknown method, bad parameters, refused     200 with an error
//   not written, too many at a time             503 with an error
//
// Any shard; the answer to a change comes once it is on disk, from another thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/moderation.h"
#include "metrics/relay_metrics.h"
#include "net/server.h"
#include "relay/options.h"
#include "relay/replay_guard.h"
#include "util/clock.h"

namespace pharos::relay {

inline constexpr std::size_t kMaxManagementBody = 64 * 1024;

// A request as its body has it.
struct ManagementCall {
  // Of what there is to read; `change` is for all the rest.
  enum class Method {
    supported_methods,
    list_banned_pubkeys,
    list_allowed_pubkeys,
    list_events_needing_moderation,
    list_banned_events,
    list_allowed_kinds,
    list_blocked_ips,
    change,
  };
  Method method{};
  ingest::AccessChange change;
};
// The failure is for the caller. Pure.
Result<ManagementCall, std::string> parse_management_call(std::string_view body);

// What supportedmethods tells: all others.
std::vector<std::string_view> management_methods();

// By its Content-Type.
bool is_management_request(const net::HttpRequest& request);

class Management {
 public:
  Management(ingest::Moderation& moderation, const Clock& clock, const metrics::RelayMetrics& metrics);

  // To the relay's own path. Calls answer once, perhaps inside.
  void handle(const Options& options, const net::HttpRequest& request, const net::HttpAnswer& answer);

 private:
  using Managed = metrics::RelayMetrics::Managed;
  // Who asks, or why that is not told.
  Result<Event, std::string> authorize(const Options& options, const net::HttpRequest& request) const;
  void count(Managed result) const { metrics_.management_requests[static_cast<std::size_t>(result)].add(); }
  void change(ManagementCall call, const Event& authorization, const Options& options, const net::HttpAnswer& answer);

  ingest::Moderation& moderation_;
  const Clock& clock_;
  const metrics::RelayMetrics metrics_;
  ReplayGuard used_;
};

}  // namespace pharos::relay
