// The running monitor: ties schedule, probes, guard, memory and publisher together. Shard-local: made, used and
// destroyed on the shard.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "monitor/discovery.h"
#include "monitor/monitor.h"
#include "monitor/outage_guard.h"
#include "monitor/probe.h"
#include "monitor/publisher.h"
#include "monitor/result_store.h"
#include "monitor/schedule.h"
#include "monitor/status.h"
#include "monitor/target_book.h"

namespace pharos::monitor {

class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(const MonitorOptions& options, const SecretKey& secret, const MonitorDependencies& dependencies,
        std::function<void(std::string)> on_status);

  // Reads what is remembered, takes in the targets, announces and begins to probe.
  void begin();

 private:
  // --- targets
  void take_in_targets();
  void restore(const std::vector<RelayUrl>& settings, const std::vector<RelayUrl>& file);
  std::vector<RelayUrl> targets_of_settings();
  std::vector<RelayUrl> targets_of_file() const;
  void admit(const RelayUrl& url, TargetSource source);
  void refuse(std::string_view target, std::string_view reason);
  void add_to_schedule(TargetId id);
  void drop(TargetId id);
  void forget(const TargetState& state);

  // --- probing
  void pump();
  void begin_probe(TargetId id);
  void on_result(TargetId id, ProbeResult result);
  void judged(TargetId id, Target& target, ProbeResult& result, bool online);
  void withheld(TargetId id, Target& target);
  void forgive(const std::vector<TargetId>& ids);
  OutageGuard& guard_of(const Target& target);
  bool own_outage() const;
  void remember(TargetId id, const ProbeResult& result, bool was_judged, bool online);

  // --- publishing and telling
  void warn_of_settings() const;
  void announce();
  void tick();
  std::int64_t full_cycle_unix_ms() const;

  MonitorOptions options_;
  net::IoShard& shard_;
  const Clock& clock_;
  std::shared_ptr<const metrics::MonitorMetrics> metrics_;
  std::function<void(std::string)> on_status_;
  TargetBook book_;
  Schedule schedule_;
  std::array<OutageGuard, kNetworks> guards_;
  ResultStore results_;
  Publisher publisher_;
  Discovery discovery_;
  std::unordered_map<TargetId, Probe> probes_;
  std::deque<RecentProbe> recent_;      // newest first
  std::vector<RefusedTarget> refused_;  // at most status_targets
  std::size_t refused_omitted_ = 0;
  net::Timer wake_timer_;
  net::Timer announce_timer_;
  net::Timer status_timer_;
  bool changed_ = true;
  bool told_of_lateness_ = false;
};

}  // namespace pharos::monitor
