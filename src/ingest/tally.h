// The one place that counts fates, so that per source
//   received = stored + duplicate + replaced + ephemeral + rejected{reason}
// holds whenever nothing is in flight. Any thread.
#pragma once

#include "ingest/sink.h"
#include "ingest/verdict.h"
#include "metrics/ingest_metrics.h"

namespace pharos::ingest {

class Tally {
 public:
  explicit Tally(const metrics::IngestMetrics& metrics) : metrics_(metrics) {}

  void received(Source source) const;
  // `bytes` and `kind` describe the event; both are read for stored and ephemeral ones only.
  void settled(Source source, const Verdict& verdict, Kind kind, std::size_t bytes) const;

  const metrics::IngestMetrics& metrics() const { return metrics_; }

 private:
  const metrics::IngestMetrics metrics_;
};

}  // namespace pharos::ingest
