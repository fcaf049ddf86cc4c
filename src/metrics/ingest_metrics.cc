#include "metrics/ingest_metrics.h"

#include <string>

#include "metrics/registry.h"

namespace pharos::metrics {
namespace {

void make_source(Registry& registry, IngestMetrics& m, std::size_t i) {
  const std::string source = IngestMetrics::kSourceLabels[i];
  m.received[i] = registry.counter(MetricId::events_received_total, {source});
  m.duplicate[i] = registry.counter(MetricId::events_duplicate_total, {source});
  m.replaced[i] = registry.counter(MetricId::events_replaced_total, {source});
  m.ephemeral[i] = registry.counter(MetricId::events_ephemeral_total, {source});
  for (std::size_t k = 0; k < IngestMetrics::kKinds; ++k) {
    const bool listed = k < IngestMetrics::kShortlist.size();
    const std::string kind = listed ? std::to_string(IngestMetrics::kShortlist[k]) : "other";
    m.stored[i][k] = registry.counter(MetricId::events_stored_total, {source, kind});
  }
  // The first reason is `none`, which no rejection has.
  for (std::size_t r = 1; r < IngestMetrics::kReasons; ++r) {
    m.rejected[i][r] = registry.counter(MetricId::events_rejected_total, {source, IngestMetrics::kReasonLabels[r]});
  }
}

}  // namespace

IngestMetrics make_ingest_metrics(Registry& registry) {
  IngestMetrics m;
  for (std::size_t i = 0; i < IngestMetrics::kSources; ++i) make_source(registry, m, i);
  m.in_flight = registry.gauge(MetricId::queue_depth, {"ingest"});
  m.in_flight_capacity = registry.gauge(MetricId::queue_capacity, {"ingest"});
  m.refused_full = registry.counter(MetricId::rate_limited_total, {"ingest"});
  m.rate = make_rate_metrics(registry);
  m.event_size_bytes = registry.histogram(MetricId::event_size_bytes);
  m.signature_verify_seconds = registry.histogram(MetricId::signature_verify_seconds);
  return m;
}

}  // namespace pharos::metrics
