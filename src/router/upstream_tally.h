// Carries what an upstream's state machine has counted to the metrics, as differences since the last time. One thread.
#pragma once

#include <cstdint>
#include <utility>

#include "metrics/router_metrics.h"
#include "router/upstream_fsm.h"

namespace pharos::router {

class UpstreamTally {
 public:
  explicit UpstreamTally(metrics::UpstreamMetrics metrics) : metrics_(std::move(metrics)) {}

  void connect(std::string_view result) { metrics_.count_connect(result); }
  void update(const UpstreamFsm& fsm, UnixSeconds now);

 private:
  void update_down(const UpstreamFsm& fsm, const Mirror& mirror, UnixSeconds now_unix);
  void update_up(const Publisher& publisher);

  metrics::UpstreamMetrics metrics_;
  Mirror::Counters down_;
  Publisher::Counters up_;
  std::uint64_t unparsable_ = 0;
  std::uint64_t coalesced_ = 0;
};

}  // namespace pharos::router
