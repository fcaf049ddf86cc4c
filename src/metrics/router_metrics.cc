#include "metrics/router_metrics.h"

#include <algorithm>

#include "metrics/registry.h"

namespace pharos::metrics {
namespace {

// In the order of UpstreamMetrics::Event.
constexpr std::array<std::pair<const char*, const char*>, 6> kEventLabels{{{"down", "new"},
                                                                           {"down", "duplicate"},
                                                                           {"down", "rejected"},
                                                                           {"up", "new"},
                                                                           {"up", "duplicate"},
                                                                           {"up", "rejected"}}};

}  // namespace

void UpstreamMetrics::count_connect(std::string_view result) const {
  const auto* found = std::find(kConnectLabels.begin(), kConnectLabels.end(), result);
  const std::size_t cell = found != kConnectLabels.end() ? static_cast<std::size_t>(found - kConnectLabels.begin())
                                                         : kConnectLabels.size() - 1;
  connects[cell].add();
}

UpstreamMetrics make_upstream_metrics(Registry& registry, std::string_view name) {
  const std::string upstream = registry.upstream_label(name);
  UpstreamMetrics m;
  m.connected = registry.gauge(MetricId::router_upstream_connected, {upstream});
  for (std::size_t i = 0; i < m.connects.size(); ++i) {
    m.connects[i] = registry.counter(MetricId::router_connects_total, {upstream, UpstreamMetrics::kConnectLabels[i]});
  }
  for (std::size_t i = 0; i < m.events.size(); ++i) {
    m.events[i] =
        registry.counter(MetricId::router_events_total, {upstream, kEventLabels[i].first, kEventLabels[i].second});
  }
  m.last_event_timestamp_seconds = registry.gauge(MetricId::router_upstream_last_event_timestamp_seconds, {upstream});
  m.backlog = registry.gauge(MetricId::router_backlog_events, {upstream});
  for (std::size_t i = 0; i < m.catch_up_pages.size(); ++i) {
    m.catch_up_pages[i] =
        registry.counter(MetricId::router_catch_up_pages_total, {upstream, UpstreamMetrics::kPageLabels[i]});
  }
  for (std::size_t i = 0; i < m.ledger_intervals.size(); ++i) {
    m.ledger_intervals[i] =
        registry.gauge(MetricId::router_ledger_intervals, {upstream, UpstreamMetrics::kIntervalLabels[i]});
  }
  m.ledger_incomplete_seconds = registry.gauge(MetricId::router_ledger_incomplete_seconds, {upstream});
  m.ledger_coalesced = registry.counter(MetricId::router_ledger_coalesced_total, {upstream});
  return m;
}

RouterMetrics make_router_metrics(Registry& registry) {
  RouterMetrics m;
  for (std::size_t i = 0; i < m.upstreams.size(); ++i) {
    m.upstreams[i] = registry.gauge(MetricId::router_upstreams, {RouterMetrics::kStateLabels[i]});
  }
  m.ephemeral_dropped = registry.counter(MetricId::router_ephemeral_dropped_total, {});
  m.queue_depth = registry.gauge(MetricId::queue_depth, {"router"});
  m.queue_capacity = registry.gauge(MetricId::queue_capacity, {"router"});
  m.for_upstream = [&registry](std::string_view name) { return make_upstream_metrics(registry, name); };
  return m;
}

}  // namespace pharos::metrics
