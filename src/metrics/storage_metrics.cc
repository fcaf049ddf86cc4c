#include "metrics/storage_metrics.h"

#include "metrics/registry.h"

namespace pharos::metrics {

StorageMetrics make_storage_metrics(Registry& registry) {
  StorageMetrics m;
  m.queue_depth = registry.gauge(MetricId::queue_depth, {"writer"});
  m.queue_capacity = registry.gauge(MetricId::queue_capacity, {"writer"});
  m.queue_wait_seconds = registry.histogram(MetricId::queue_wait_seconds, {"writer"});
  m.merger_depth = registry.gauge(MetricId::queue_depth, {"merger"});
  m.merger_capacity = registry.gauge(MetricId::queue_capacity, {"merger"});
  m.memtables = registry.gauge(MetricId::memtables);
  m.memtable_bytes = registry.gauge(MetricId::memtable_bytes);
  m.log_bytes = registry.gauge(MetricId::log_bytes);
  m.write_batch_events = registry.histogram(MetricId::write_batch_events);
  m.merge_seconds = registry.histogram(MetricId::merge_seconds);
  m.ageing_seconds = registry.histogram(MetricId::ageing_seconds);
  m.retention_seconds = registry.histogram(MetricId::retention_pass_seconds);
  m.retention_waiting = registry.gauge(MetricId::retention_waiting);
  m.retention_timestamp = registry.gauge(MetricId::last_retention_timestamp_seconds);
  m.compaction_success_timestamp = registry.gauge(MetricId::last_compaction_success_timestamp_seconds);
  m.search_index_left = registry.gauge(MetricId::search_index_left);
  m.write_commit_seconds = registry.histogram(MetricId::write_commit_seconds);
  for (std::size_t i = 0; i < m.deleted.size(); ++i) {
    m.deleted[i] = registry.counter(MetricId::events_deleted_total, {StorageMetrics::kDeletedLabels[i]});
  }
  return m;
}

}  // namespace pharos::metrics
