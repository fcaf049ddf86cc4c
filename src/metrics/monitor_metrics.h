// What the monitor counts. Default-made handles count into nothing. Targets are never a label.
#pragma once

#include <array>
#include <cstddef>

#include "metrics/handles.h"

namespace pharos::metrics {

class Registry;

struct MonitorMetrics {
  enum class Network { clearnet, tor, i2p, loki };
  static constexpr std::array<const char*, 4> kNetworkLabels{"clearnet", "tor", "i2p", "loki"};
  enum class State { online, offline, unknown, ignored };
  static constexpr std::array<const char*, 4> kStateLabels{"online", "offline", "unknown", "ignored"};
  enum class Check { dns, tcp, tls, open, read, write, nip11, auth };
  static constexpr std::array<const char*, 8> kCheckLabels{"dns",  "tcp",   "tls",   "open",
                                                           "read", "write", "nip11", "auth"};
  enum class Outcome { ok, failed, timeout, skipped };
  static constexpr std::array<const char*, 4> kOutcomeLabels{"ok", "failed", "timeout", "skipped"};
  enum class Published { profile, relay_list, announcement, discovery };
  static constexpr std::array<const char*, 4> kPublishedLabels{"0", "10002", "10166", "30166"};

  std::array<std::array<Gauge, 4>, 4> targets;      // monitor_targets{network,state}
  std::array<std::array<Counter, 4>, 8> checks;     // monitor_checks_total{check,result}
  std::array<Histogram, 8> check_seconds;           // monitor_check_seconds{check}
  Gauge inflight;                                   // monitor_inflight
  Gauge overdue_targets;                            // monitor_overdue_targets
  Gauge last_full_cycle_timestamp_seconds;          // monitor_last_full_cycle_timestamp_seconds
  Gauge check_frequency_seconds;                    // monitor_check_frequency_seconds
  std::array<std::array<Counter, 2>, 4> published;  // monitor_published_total{kind,result}: ok, failed
  std::array<Counter, 2> transitions;               // monitor_transitions_total{direction}: up, down
  Gauge own_outage;                                 // monitor_own_outage

  void count(Check check, Outcome outcome) const {
    checks[static_cast<std::size_t>(check)][static_cast<std::size_t>(outcome)].add();
  }
  void observe(Check check, double seconds) const { check_seconds[static_cast<std::size_t>(check)].observe(seconds); }
  void count_published(Published kind, bool ok) const { published[static_cast<std::size_t>(kind)][ok ? 0 : 1].add(); }
  void set_targets(Network network, State state, std::int64_t n) const {
    targets[static_cast<std::size_t>(network)][static_cast<std::size_t>(state)].set(n);
  }
};

MonitorMetrics make_monitor_metrics(Registry& registry);

}  // namespace pharos::metrics
