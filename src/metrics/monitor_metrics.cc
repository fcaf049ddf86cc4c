#include "metrics/monitor_metrics.h"

#include "metrics/registry.h"

namespace pharos::metrics {

MonitorMetrics make_monitor_metrics(Registry& registry) {
  using M = MonitorMetrics;
  M m;
  for (std::size_t n = 0; n < M::kNetworkLabels.size(); ++n) {
    for (std::size_t s = 0; s < M::kStateLabels.size(); ++s) {
      m.targets[n][s] = registry.gauge(MetricId::monitor_targets, {M::kNetworkLabels[n], M::kStateLabels[s]});
    }
  }
  for (std::size_t c = 0; c < M::kCheckLabels.size(); ++c) {
    m.check_seconds[c] = registry.histogram(MetricId::monitor_check_seconds, {M::kCheckLabels[c]});
    for (std::size_t o = 0; o < M::kOutcomeLabels.size(); ++o) {
      m.checks[c][o] = registry.counter(MetricId::monitor_checks_total, {M::kCheckLabels[c], M::kOutcomeLabels[o]});
    }
  }
  for (std::size_t k = 0; k < M::kPublishedLabels.size(); ++k) {
    m.published[k][0] = registry.counter(MetricId::monitor_published_total, {M::kPublishedLabels[k], "ok"});
    m.published[k][1] = registry.counter(MetricId::monitor_published_total, {M::kPublishedLabels[k], "failed"});
  }
  m.transitions[0] = registry.counter(MetricId::monitor_transitions_total, {"up"});
  m.transitions[1] = registry.counter(MetricId::monitor_transitions_total, {"down"});
  m.inflight = registry.gauge(MetricId::monitor_inflight);
  m.overdue_targets = registry.gauge(MetricId::monitor_overdue_targets);
  m.last_full_cycle_timestamp_seconds = registry.gauge(MetricId::monitor_last_full_cycle_timestamp_seconds);
  m.check_frequency_seconds = registry.gauge(MetricId::monitor_check_frequency_seconds);
  m.own_outage = registry.gauge(MetricId::monitor_own_outage);
  return m;
}

}  // namespace pharos::metrics
