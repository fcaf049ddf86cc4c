#include "monitor/tally.h"

namespace pharos::monitor {
namespace {

using metrics::MonitorMetrics;
using MetricCheck = MonitorMetrics::Check;

MonitorMetrics::Outcome metric_outcome(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return MonitorMetrics::Outcome::ok;
    case Outcome::failed:
      return MonitorMetrics::Outcome::failed;
    case Outcome::timeout:
      return MonitorMetrics::Outcome::timeout;
    case Outcome::skipped:
      break;
  }
  return MonitorMetrics::Outcome::skipped;
}

void count_check(const MonitorMetrics& metrics, MetricCheck check, const CheckResult& result) {
  metrics.count(check, metric_outcome(result.outcome));
  if (result.ok()) metrics.observe(check, static_cast<double>(result.rtt_ms) / 1e3);
}

// The stages of open: done when it took time, failed when open ended there, skipped when it was not reached.
void count_stage(const MonitorMetrics& metrics, MetricCheck check, std::uint32_t microseconds, bool failed_here) {
  if (microseconds > 0) {
    metrics.count(check, MonitorMetrics::Outcome::ok);
    metrics.observe(check, static_cast<double>(microseconds) / 1e6);
  } else {
    metrics.count(check, failed_here ? MonitorMetrics::Outcome::failed : MonitorMetrics::Outcome::skipped);
  }
}

}  // namespace

void count_probe(const MonitorMetrics& metrics, const ProbeResult& result) {
  const Fault fault = result.open.fault;
  count_stage(metrics, MetricCheck::dns, result.dns_us, fault == Fault::dns);
  count_stage(metrics, MetricCheck::tcp, result.tcp_us, fault == Fault::tcp || fault == Fault::proxy);
  count_stage(metrics, MetricCheck::tls, result.tls_us, fault == Fault::tls || fault == Fault::tls_certificate);
  count_check(metrics, MetricCheck::open, result.open);
  count_check(metrics, MetricCheck::read, result.read);
  count_check(metrics, MetricCheck::write, result.write);
  count_check(metrics, MetricCheck::nip11, result.nip11);
  count_check(metrics, MetricCheck::auth, result.auth);
}

void set_target_gauges(const MonitorMetrics& metrics, const TargetBook& book) {
  using State = MonitorMetrics::State;
  for (std::size_t i = 0; i < kNetworks; ++i) {
    const auto network = static_cast<MonitorMetrics::Network>(i);
    const TargetBook::Counts& counts = book.counts()[i];
    metrics.set_targets(network, State::online, static_cast<std::int64_t>(counts.online));
    metrics.set_targets(network, State::offline, static_cast<std::int64_t>(counts.offline));
    metrics.set_targets(network, State::unknown, static_cast<std::int64_t>(counts.unknown));
    metrics.set_targets(network, State::ignored, static_cast<std::int64_t>(counts.ignored));
  }
}

}  // namespace pharos::monitor
