// What the router counts. Default-made handles count into nothing.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "metrics/handles.h"

namespace pharos::metrics {

class Registry;

// One upstream; the label value is its name in the settings.
struct UpstreamMetrics {
  // Labels of router_connects_total{result}: ok first, then the names of net::NetError that a dial can end with.
  static constexpr std::array<const char*, 11> kConnectLabels{"ok",    "bad_address", "address_refused", "dns",
                                                              "tcp",   "tls",         "tls_certificate", "http",
                                                              "proxy", "timeout",     "closed"};
  // Labels of router_events_total{direction,result}.
  enum class Event { down_new, down_duplicate, down_rejected, up_new, up_duplicate, up_rejected };
  // Labels of router_catch_up_pages_total{result}.
  enum class Page { complete, empty, failed };
  static constexpr std::array<const char*, 3> kPageLabels{"complete", "empty", "failed"};
  // Labels of router_ledger_intervals{state}.
  enum class Interval { complete, partial, failed, suspect, gap };
  static constexpr std::array<const char*, 5> kIntervalLabels{"complete", "partial", "failed", "suspect", "gap"};

  Gauge connected;                        // router_upstream_connected
  std::array<Counter, 11> connects;       // router_connects_total{result}
  std::array<Counter, 6> events;          // router_events_total{direction,result}
  Gauge last_event_timestamp_seconds;     // router_upstream_last_event_timestamp_seconds
  Gauge backlog;                          // router_backlog_events
  std::array<Counter, 3> catch_up_pages;  // router_catch_up_pages_total{result}
  std::array<Gauge, 5> ledger_intervals;  // router_ledger_intervals{state}
  Gauge ledger_incomplete_seconds;        // router_ledger_incomplete_seconds
  Counter ledger_coalesced;               // router_ledger_coalesced_total

  void count(Event event, std::uint64_t n = 1) const { events[static_cast<std::size_t>(event)].add(n); }
  void set(Interval interval, std::int64_t n) const { ledger_intervals[static_cast<std::size_t>(interval)].set(n); }
  void count(Page page) const { catch_up_pages[static_cast<std::size_t>(page)].add(); }
  // result is "ok" or the name of a NetError; others count as "closed".
  void count_connect(std::string_view result) const;
};

struct RouterMetrics {
  // Labels of router_upstreams{state}.
  enum class State { idle, connecting, connected, backoff, open_circuit, disabled };
  static constexpr std::array<const char*, 6> kStateLabels{"idle",    "connecting",   "connected",
                                                           "backoff", "open_circuit", "disabled"};

  std::array<Gauge, 6> upstreams;  // router_upstreams{state}
  Counter ephemeral_dropped;       // router_ephemeral_dropped_total
  Gauge queue_depth;               // queue_depth{queue="router"}
  Gauge queue_capacity;            // queue_capacity{queue="router"}
  std::function<UpstreamMetrics(std::string_view name)> for_upstream = [](std::string_view) {
    return UpstreamMetrics{};
  };
};

// The registry outlives the result.
RouterMetrics make_router_metrics(Registry& registry);
UpstreamMetrics make_upstream_metrics(Registry& registry, std::string_view name);

}  // namespace pharos::metrics
