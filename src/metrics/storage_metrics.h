// What storage counts. Default-made handles count into nothing.
#pragma once

#include <array>

#include "metrics/handles.h"

namespace pharos::metrics {

class Registry;

struct StorageMetrics {
  // Labels of events_deleted_total{cause}.
  enum class Deleted { nip09, nip62, expired, retention, admin, replaced };
  static constexpr std::array<const char*, 6> kDeletedLabels{"nip09",     "nip62", "expired",
                                                             "retention", "admin", "replaced"};

  Gauge queue_depth;             // queue_depth{queue="writer"}
  Gauge queue_capacity;          // queue_capacity{queue="writer"}
  Histogram queue_wait_seconds;  // queue_wait_seconds{queue="writer"}

  Gauge merger_depth;     // queue_depth{queue="merger"}: updates of other tables
  Gauge merger_capacity;  // queue_capacity{queue="merger"}
  Gauge memtables;        // the active one and those that wait for the merger
  Gauge memtable_bytes;   // of the active one
  Gauge log_bytes;        // of its log

  Histogram write_batch_events;    // events per commit
  Histogram write_commit_seconds;  // one commit to the log, disk flush included
  Histogram merge_seconds;         // one memtable into LMDB
  Histogram ageing_seconds;        // of young levels, after it
  Gauge compaction_success_timestamp;
  Histogram retention_seconds;     // one pass of the rules and of the size
  Gauge retention_waiting;         // rules and bounds that are not in force yet
  Gauge retention_timestamp;       // of the last pass of the rules
  Gauge search_index_left;         // sequence numbers that the index by word does not cover yet
  std::array<Counter, 6> deleted;  // events_deleted_total{cause}

  void count_deleted(Deleted cause, std::uint64_t n = 1) const { deleted[static_cast<std::size_t>(cause)].add(n); }
};

StorageMetrics make_storage_metrics(Registry& registry);

}  // namespace pharos::metrics
