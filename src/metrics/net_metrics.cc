#include "metrics/net_metrics.h"

#include "metrics/registry.h"

namespace pharos::metrics {

NetMetrics make_net_metrics(Registry& registry) {
  using N = NetMetrics;
  N m;
  for (std::size_t l = 0; l < N::kListenerLabels.size(); ++l) {
    m.listeners[l].opened = registry.counter(MetricId::connections_opened_total, {N::kListenerLabels[l]});
    for (std::size_t c = 0; c < N::kCodeLabels.size(); ++c) {
      m.listeners[l].requests[c] =
          registry.counter(MetricId::http_requests_total, {N::kListenerLabels[l], N::kCodeLabels[c]});
    }
  }
  for (std::size_t i = 0; i < N::kRejectedLabels.size(); ++i) {
    m.rejected[i] = registry.counter(MetricId::connections_rejected_total, {N::kRejectedLabels[i]});
  }
  for (std::size_t i = 0; i < N::kClosedLabels.size(); ++i) {
    m.closed[i] = registry.counter(MetricId::connections_closed_total, {N::kClosedLabels[i]});
  }
  m.duration_seconds = registry.histogram(MetricId::connection_duration_seconds);
  m.slow_client_disconnects = registry.counter(MetricId::slow_client_disconnects_total);
  m.received_wire_bytes = registry.counter(MetricId::received_bytes_total, {"wire"});
  m.received_payload_bytes = registry.counter(MetricId::received_bytes_total, {"payload"});
  m.sent_wire_bytes = registry.counter(MetricId::sent_bytes_total, {"wire"});
  m.sent_payload_bytes = registry.counter(MetricId::sent_bytes_total, {"payload"});
  m.sends = registry.counter(MetricId::sends_total);
  m.frames_sent = registry.counter(MetricId::frames_sent_total);
  m.deflations = registry.counter(MetricId::deflations_total);
  m.deflate_saved_bytes = registry.counter(MetricId::deflate_saved_bytes_total);
  m.outbound_buffered_bytes = registry.gauge(MetricId::outbound_buffered_bytes);
  m.tls_handshake_failures = registry.counter(MetricId::tls_handshake_failures_total);
  m.handler_exceptions = registry.counter(MetricId::handler_exceptions_total);
  return m;
}

}  // namespace pharos::metrics
