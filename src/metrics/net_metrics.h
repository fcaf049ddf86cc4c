// What the net layer counts. Default-made handles count into nothing.
#pragma once

#include <array>
#include <cstddef>

#include "metrics/handles.h"

namespace pharos::metrics {

class Registry;

struct NetMetrics {
  // Labels of connections_opened_total and http_requests_total{listener}.
  enum class Listener { relay, admin };
  static constexpr std::array<const char*, 2> kListenerLabels{"relay", "admin"};
  // Labels of connections_rejected_total{reason} that net itself refuses for.
  enum class Rejected { per_address, max, fds, handshake, blocked, rate };
  static constexpr std::array<const char*, 6> kRejectedLabels{"per_ip", "max", "fds", "handshake", "blocked", "rate"};
  // connections_closed_total{reason}, indexed by net::CloseCause.
  static constexpr std::array<const char*, 6> kClosedLabels{"client", "idle", "slow", "protocol", "policy", "shutdown"};
  // http_requests_total{code}: the class of the status code.
  static constexpr std::array<const char*, 5> kCodeLabels{"1xx", "2xx", "3xx", "4xx", "5xx"};

  struct PerListener {
    Counter opened;
    std::array<Counter, 5> requests;  // indexed by status / 100 - 1
  };
  std::array<PerListener, 2> listeners;
  std::array<Counter, 6> rejected;

  // Accepted WebSockets.
  std::array<Counter, 6> closed;
  Histogram duration_seconds;
  Counter slow_client_disconnects;

  // Every socket, accepted or dialed. wire: as on the socket; payload: WebSocket messages before compression.
  Counter received_wire_bytes;
  Counter received_payload_bytes;
  Counter sent_wire_bytes;
  Counter sent_payload_bytes;
  Counter sends;        // writes handed to the kernel
  Counter frames_sent;  // WebSocket frames; frames per send is the coalescing
  Counter deflations;   // messages compressed; one that goes to many counts once
  Counter deflate_saved_bytes;
  Gauge outbound_buffered_bytes;
  Counter tls_handshake_failures;  // on our listeners
  Counter handler_exceptions;      // that escaped a callback and were caught at the loop
};

NetMetrics make_net_metrics(Registry& registry);

}  // namespace pharos::metrics
