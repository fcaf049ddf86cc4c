#include "metrics/relay_metrics.h"

#include "metrics/registry.h"

namespace pharos::metrics {
namespace {

template <std::size_t N>
void make_counters(Registry& registry, MetricId id, const std::array<const char*, N>& labels,
                   std::array<Counter, N>& counters) {
  for (std::size_t i = 0; i < N; ++i) counters[i] = registry.counter(id, {labels[i]});
}

}  // namespace

RelayMetrics make_relay_metrics(Registry& registry) {
  RelayMetrics m;
  make_counters(registry, MetricId::messages_received_total, RelayMetrics::kReceivedLabels, m.messages_received);
  make_counters(registry, MetricId::messages_sent_total, RelayMetrics::kSentLabels, m.messages_sent);
  make_counters(registry, MetricId::auth_attempts_total, RelayMetrics::kAuthLabels, m.auth_attempts);
  make_counters(registry, MetricId::subscriptions_closed_total, RelayMetrics::kEndedLabels, m.subscriptions_ended);
  make_counters(registry, MetricId::negentropy_sessions_ended_total, RelayMetrics::kNegEndedLabels, m.neg_ended);
  make_counters(registry, MetricId::negentropy_trees_given_up_total, RelayMetrics::kNegTreeGivenUpLabels,
                m.neg_trees_given_up);
  make_counters(registry, MetricId::management_requests_total, RelayMetrics::kManagedLabels, m.management_requests);
  m.sessions = registry.gauge(MetricId::connections, {"relay"});
  m.authenticated_sessions = registry.gauge(MetricId::authenticated_connections);
  m.subscriptions = registry.gauge(MetricId::subscriptions);
  m.scans_queued = registry.gauge(MetricId::queue_depth, {"query"});
  m.scans_running = registry.gauge(MetricId::queries_running);
  m.upgrades_refused_draining = registry.counter(MetricId::connections_rejected_total, {"draining"});
  m.broadcast_matches = registry.counter(MetricId::broadcast_matches_total);
  m.fanout_overflow = registry.counter(MetricId::fanout_overflow_total);
  m.fanout_depth = registry.gauge(MetricId::queue_depth, {"fanout"});
  m.query_returned_events = registry.counter(MetricId::query_returned_events_total);
  m.query_scanned_records = registry.counter(MetricId::query_scanned_records_total);
  m.search_candidates = registry.counter(MetricId::search_candidates_total);
  m.search_seconds = registry.histogram(MetricId::search_seconds);
  m.query_truncated = registry.counter(MetricId::query_truncated_total, {"scan_budget"});
  m.rate = make_rate_metrics(registry);
  m.neg_sessions = registry.gauge(MetricId::negentropy_sessions);
  m.neg_records = registry.gauge(MetricId::negentropy_records);
  m.neg_memory = registry.gauge(MetricId::negentropy_memory_bytes);
  m.neg_tree_records = registry.gauge(MetricId::negentropy_tree_records);
  m.neg_tree_memory = registry.gauge(MetricId::negentropy_tree_memory_bytes);
  m.neg_received_bytes = registry.counter(MetricId::negentropy_bytes_total, {"in"});
  m.neg_sent_bytes = registry.counter(MetricId::negentropy_bytes_total, {"out"});
  m.query_seconds = registry.histogram(MetricId::query_seconds, {"REQ"});
  m.count_seconds = registry.histogram(MetricId::query_seconds, {"COUNT"});
  m.neg_seconds = registry.histogram(MetricId::query_seconds, {"NEG"});
  m.event_ok_seconds = registry.histogram(MetricId::event_ok_seconds);
  m.broadcast_seconds = registry.histogram(MetricId::broadcast_seconds);
  return m;
}

}  // namespace pharos::metrics
