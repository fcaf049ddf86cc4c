// What the limits by rate count, wherever they are enforced: all make their handles here. Default-made handles count
// into nothing.
#pragma once

#include <array>
#include <cstddef>

#include "metrics/handles.h"

namespace pharos::metrics {

class Registry;

struct RateMetrics {
  // rate_refused_total{what,by}
  enum class Refused {
    connection_event,
    address_event,
    pubkey_event,
    unknown_pubkey_event,
    connection_request,
    address_request,
    address_connection,
  };
  static constexpr std::array<std::array<const char*, 2>, 7> kRefusedLabels{{{"event", "connection"},
                                                                             {"event", "address"},
                                                                             {"event", "pubkey"},
                                                                             {"event", "unknown_pubkey"},
                                                                             {"request", "connection"},
                                                                             {"request", "address"},
                                                                             {"connection", "address"}}};
  // rate_pauses_total{by}
  enum class Paused { connection, address };
  static constexpr std::array<const char*, 2> kPausedLabels{"connection", "address"};

  std::array<Counter, 7> refused;
  std::array<Counter, 2> pauses;
  Gauge address_keys;  // rate_keys{by}
  Gauge pubkey_keys;
  Counter address_evicted;  // rate_keys_evicted_total{by}
  Counter pubkey_evicted;
};

RateMetrics make_rate_metrics(Registry& registry);

}  // namespace pharos::metrics
