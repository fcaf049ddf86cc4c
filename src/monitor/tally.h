// Counts what a probe found into the monitor's metrics. Any thread.
#pragma once

#include "metrics/monitor_metrics.h"
#include "monitor/result.h"
#include "monitor/target_book.h"

namespace pharos::monitor {

void count_probe(const metrics::MonitorMetrics& metrics, const ProbeResult& result);
void set_target_gauges(const metrics::MonitorMetrics& metrics, const TargetBook& book);

}  // namespace pharos::monitor
