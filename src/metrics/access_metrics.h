// What the keeper of the access lists counts. Default-made handles count into nothing.
#pragma once

#include <array>
#include <cstddef>

#include "metrics/handles.h"

namespace pharos::metrics {

class Registry;

struct AccessMetrics {
  // access_entries{list}, in the order of ingest::AccessList, which begins at 1.
  static constexpr std::array<const char*, 11> kListLabels{
      "banned_pubkey", "allowed_pubkey", "banned_event", "allowed_event", "denied_kind", "allowed_kind",
      "blocked",       "role",           "member",       "text",          "spent_invite"};
  // access_changes_total{result}: kept, those that ask for what is so already, those that are refused for what they
  // ask, and those that could not be written.
  enum class Changed { kept, unchanged, refused, failed };
  static constexpr std::array<const char*, 4> kChangedLabels{"kept", "unchanged", "refused", "failed"};

  std::array<Gauge, 11> entries;
  std::array<Counter, 4> changes;
  Gauge trusted_keys;             // trusted_keys
  Gauge trusted_bytes;            // trusted_keys_memory_bytes
  Gauge trust_complete;           // trust_complete
  Gauge trust_capped;             // trust_capped
  Counter trust_builds;           // trust_builds_total
  Histogram trust_build_seconds;  // trust_build_seconds
  Gauge waiting;                  // queue_depth{queue="access"}
  Gauge waiting_capacity;         // queue_capacity{queue="access"}
  Gauge waiting_requests;         // queue_depth{queue="membership"}: of these, requests to join and to leave
  Gauge waiting_requests_capacity;
  Counter requests_limited;  // rate_limited_total{limiter="membership"}
  Gauge people;              // rate_keys{by="membership"}
  Counter people_evicted;    // rate_keys_evicted_total{by="membership"}
};

AccessMetrics make_access_metrics(Registry& registry);

}  // namespace pharos::metrics
