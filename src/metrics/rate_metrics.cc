#include "metrics/rate_metrics.h"

#include "metrics/registry.h"

namespace pharos::metrics {

RateMetrics make_rate_metrics(Registry& registry) {
  RateMetrics m;
  for (std::size_t i = 0; i < m.refused.size(); ++i) {
    const auto& [what, by] = RateMetrics::kRefusedLabels[i];
    m.refused[i] = registry.counter(MetricId::rate_refused_total, {what, by});
  }
  for (std::size_t i = 0; i < m.pauses.size(); ++i)
    m.pauses[i] = registry.counter(MetricId::rate_pauses_total, {RateMetrics::kPausedLabels[i]});
  m.address_keys = registry.gauge(MetricId::rate_keys, {"address"});
  m.pubkey_keys = registry.gauge(MetricId::rate_keys, {"pubkey"});
  m.address_evicted = registry.counter(MetricId::rate_keys_evicted_total, {"address"});
  m.pubkey_evicted = registry.counter(MetricId::rate_keys_evicted_total, {"pubkey"});
  return m;
}

}  // namespace pharos::metrics
