// What the relay layer counts. Default-made handles count into nothing.
#pragma once

#include <array>
#include <cstddef>

#include "metrics/handles.h"
#include "metrics/rate_metrics.h"

namespace pharos::metrics {

class Registry;

struct RelayMetrics {
  // Verbs of messages_received_total and messages_sent_total, in label order.
  enum class Received { event, req, count, close, auth, neg, invalid };
  enum class Sent { event, ok, eose, closed, notice, auth, neg_err, count, neg_msg };
  static constexpr std::array<const char*, 7> kReceivedLabels{"EVENT", "REQ", "COUNT",  "CLOSE",
                                                              "AUTH",  "NEG", "invalid"};
  static constexpr std::array<const char*, 9> kSentLabels{"EVENT", "OK",      "EOSE",  "CLOSED", "NOTICE",
                                                          "AUTH",  "NEG-ERR", "COUNT", "NEG-MSG"};
  // Labels of auth_attempts_total{result}.
  enum class Auth { ok, invalid, relay, challenge, expired, limit };
  static constexpr std::array<const char*, 6> kAuthLabels{"ok", "invalid", "relay", "challenge", "expired", "limit"};
  // Labels of subscriptions_closed_total{reason}.
  enum class Ended { client, replaced, limit, auth, budget, error, disconnect };
  static constexpr std::array<const char*, 7> kEndedLabels{"client", "replaced", "limit",     "auth",
                                                           "budget", "error",    "disconnect"};

  // Labels of negentropy_sessions_ended_total{reason}, refusals to begin one included.
  enum class NegEnded { client, replaced, too_big, limit, auth, invalid, idle, error, disconnect };
  static constexpr std::array<const char*, 9> kNegEndedLabels{"client",  "replaced", "too_big", "limit",     "auth",
                                                              "invalid", "idle",     "error",   "disconnect"};

  // Labels of negentropy_trees_given_up_total{reason}.
  enum class NegTreeGivenUp { memory, storage, busy };
  static constexpr std::array<const char*, 3> kNegTreeGivenUpLabels{"memory", "storage", "busy"};

  // Labels of management_requests_total{result}.
  enum class Managed { ok, unauthorized, forbidden, invalid, failed };
  static constexpr std::array<const char*, 5> kManagedLabels{"ok", "unauthorized", "forbidden", "invalid", "failed"};

  std::array<Counter, 5> management_requests;
  std::array<Counter, 7> messages_received;
  std::array<Counter, 9> messages_sent;
  std::array<Counter, 6> auth_attempts;
  std::array<Counter, 7> subscriptions_ended;
  std::array<Counter, 9> neg_ended;
  std::array<Counter, 3> neg_trees_given_up;

  Gauge sessions;                // connections{listener="relay"}
  Gauge authenticated_sessions;  // authenticated_connections
  Gauge subscriptions;           // subscriptions
  Gauge scans_queued;            // queue_depth{queue="query"}
  Gauge scans_running;           // queries being answered now

  Counter upgrades_refused_draining;  // connections_rejected_total{reason="draining"}
  Counter broadcast_matches;          // broadcast_matches_total
  Counter fanout_overflow;            // batches a lagging shard lost; its subscriptions were closed
  Gauge fanout_depth;                 // queue_depth{queue="fanout"}: events on their way to shards

  Counter query_returned_events;  // query_returned_events_total
  Counter query_scanned_records;  // query_scanned_records_total
  Counter search_candidates;      // search_candidates_total
  Counter query_truncated;        // query_truncated_total{reason="scan_budget"}

  RateMetrics rate;

  Gauge neg_sessions;          // negentropy_sessions
  Gauge neg_records;           // negentropy_records: in the sets of sessions
  Gauge neg_memory;            // negentropy_memory_bytes: of those sets
  Gauge neg_tree_records;      // negentropy_tree_records
  Gauge neg_tree_memory;       // negentropy_tree_memory_bytes, while they are built too
  Counter neg_received_bytes;  // negentropy_bytes_total{direction="in"}
  Counter neg_sent_bytes;      // negentropy_bytes_total{direction="out"}

  Histogram query_seconds;      // REQ to EOSE
  Histogram search_seconds;     // REQ with a search to EOSE
  Histogram count_seconds;      // COUNT to its answer
  Histogram neg_seconds;        // NEG-OPEN or NEG-MSG to its answer
  Histogram event_ok_seconds;   // EVENT read to OK queued
  Histogram broadcast_seconds;  // commit to queued on sockets
};

// The counter of a label.
template <class Enum, std::size_t N>
const Counter& cell(const std::array<Counter, N>& cells, Enum label) {
  return cells[static_cast<std::size_t>(label)];
}

RelayMetrics make_relay_metrics(Registry& registry);

}  // namespace pharos::metrics
