// A watched relay and what is remembered about it between probes and between runs. Values; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "util/clock.h"

namespace pharos::monitor {

// Who named the relay; a stronger source is never displaced by a weaker one. Persisted; do not renumber.
enum class TargetSource : std::uint8_t { discovered = 0, file = 1, settings = 2 };

// Persisted; do not renumber.
enum class Liveness : std::uint8_t { unknown = 0, online = 1, offline = 2 };

struct TargetState {
  std::string url;  // RelayUrl normal form
  TargetSource source = TargetSource::discovered;
  Liveness liveness = Liveness::unknown;
  std::uint32_t failures = 0;  // consecutive opens that failed
  std::int64_t first_seen_unix_ms = 0;
  std::int64_t checked_unix_ms = 0;  // 0: never
  std::int64_t online_unix_ms = 0;   // the last successful open, 0: never
  std::int64_t due_unix_ms = 0;
  // History entries first_result .. next_result - 1 are kept.
  std::uint64_t first_result = 0;
  std::uint64_t next_result = 0;

  friend bool operator==(const TargetState&, const TargetState&) = default;
};

}  // namespace pharos::monitor
