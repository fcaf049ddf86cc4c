#include "metrics/access_metrics.h"

#include "metrics/registry.h"

namespace pharos::metrics {

AccessMetrics make_access_metrics(Registry& registry) {
  AccessMetrics m;
  for (std::size_t i = 0; i < m.entries.size(); ++i)
    m.entries[i] = registry.gauge(MetricId::access_entries, {AccessMetrics::kListLabels[i]});
  for (std::size_t i = 0; i < m.changes.size(); ++i)
    m.changes[i] = registry.counter(MetricId::access_changes_total, {AccessMetrics::kChangedLabels[i]});
  m.trusted_keys = registry.gauge(MetricId::trusted_keys);
  m.trusted_bytes = registry.gauge(MetricId::trusted_keys_memory_bytes);
  m.trust_complete = registry.gauge(MetricId::trust_complete);
  m.trust_capped = registry.gauge(MetricId::trust_capped);
  m.trust_builds = registry.counter(MetricId::trust_builds_total);
  m.trust_build_seconds = registry.histogram(MetricId::trust_build_seconds);
  m.waiting = registry.gauge(MetricId::queue_depth, {"access"});
  m.waiting_capacity = registry.gauge(MetricId::queue_capacity, {"access"});
  m.waiting_requests = registry.gauge(MetricId::queue_depth, {"membership"});
  m.waiting_requests_capacity = registry.gauge(MetricId::queue_capacity, {"membership"});
  m.people = registry.gauge(MetricId::rate_keys, {"membership"});
  m.people_evicted = registry.counter(MetricId::rate_keys_evicted_total, {"membership"});
  m.requests_limited = registry.counter(MetricId::rate_limited_total, {"membership"});
  return m;
}

}  // namespace pharos::metrics
