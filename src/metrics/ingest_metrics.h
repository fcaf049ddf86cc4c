// What ingest counts. received = stored + duplicate + replaced + ephemeral + rejected, per source, once nothing is in
// flight; all of them are counted at one place (ingest/tally.h). Default-made handles count into nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "metrics/handles.h"
#include "metrics/rate_metrics.h"

namespace pharos::metrics {

class Registry;

struct IngestMetrics {
  // Indexed by ingest::Source and ingest::Reason in the order of their enumerators.
  static constexpr std::size_t kSources = 4;
  static constexpr std::size_t kReasons = 27;
  static constexpr std::array<const char*, kSources> kSourceLabels{"client", "router", "import", "monitor"};
  static constexpr std::array<const char*, kReasons> kReasonLabels{"none",
                                                                   "invalid_event",
                                                                   "invalid_id",
                                                                   "invalid_signature",
                                                                   "expired",
                                                                   "deleted",
                                                                   "created_at_old",
                                                                   "created_at_future",
                                                                   "too_large",
                                                                   "too_many_tags",
                                                                   "pow",
                                                                   "auth_kind",
                                                                   "protected_event",
                                                                   "vanish",
                                                                   "retention",
                                                                   "banned",
                                                                   "kind",
                                                                   "not_allowed",
                                                                   "untrusted",
                                                                   "auth_required",
                                                                   "membership",
                                                                   "policy",
                                                                   "policy_failed",
                                                                   "map_full",
                                                                   "storage",
                                                                   "rate_limited",
                                                                   "overloaded"};
  // Kinds with a cell of their own in events_stored_total; every other kind shares the last one, labelled "other".
  static constexpr std::array<std::uint16_t, 16> kShortlist{0,    1,    3,    4,     5,     6,     7,     1059,
                                                            1984, 9734, 9735, 10002, 10166, 30023, 30078, 30166};
  static constexpr std::size_t kKinds = kShortlist.size() + 1;
  static constexpr std::size_t kind_cell(std::uint16_t kind) {
    return static_cast<std::size_t>(std::find(kShortlist.begin(), kShortlist.end(), kind) - kShortlist.begin());
  }

  std::array<Counter, kSources> received;                        // events_received_total{source}
  std::array<std::array<Counter, kKinds>, kSources> stored;      // events_stored_total{source,kind}
  std::array<Counter, kSources> duplicate;                       // events_duplicate_total{source}
  std::array<Counter, kSources> replaced;                        // events_replaced_total{source}
  std::array<Counter, kSources> ephemeral;                       // events_ephemeral_total{source}
  std::array<std::array<Counter, kReasons>, kSources> rejected;  // events_rejected_total{source,reason}

  Gauge in_flight;           // queue_depth{queue="ingest"}
  Gauge in_flight_capacity;  // queue_capacity{queue="ingest"}
  Counter refused_full;      // rate_limited_total{limiter="ingest"}: submit() said no

  RateMetrics rate;

  Histogram event_size_bytes;          // stored and ephemeral events
  Histogram signature_verify_seconds;  // one verification
};

IngestMetrics make_ingest_metrics(Registry& registry);

}  // namespace pharos::metrics
