#include "ingest/tally.h"

namespace pharos::ingest {
namespace {

static_assert(static_cast<std::size_t>(Source::monitor) + 1 == metrics::IngestMetrics::kSources);
static_assert(static_cast<std::size_t>(Reason::overloaded) + 1 == metrics::IngestMetrics::kReasons);

}  // namespace

void Tally::received(Source source) const { metrics_.received[static_cast<std::size_t>(source)].add(); }

void Tally::settled(Source source, const Verdict& verdict, Kind kind, std::size_t bytes) const {
  const auto row = static_cast<std::size_t>(source);
  switch (verdict.fate) {
    case Fate::stored:
      metrics_.stored[row][metrics::IngestMetrics::kind_cell(kind)].add();
      metrics_.event_size_bytes.observe(static_cast<double>(bytes));
      return;
    case Fate::duplicate:
      metrics_.duplicate[row].add();
      return;
    case Fate::replaced:
      metrics_.replaced[row].add();
      return;
    case Fate::ephemeral:
      metrics_.ephemeral[row].add();
      metrics_.event_size_bytes.observe(static_cast<double>(bytes));
      return;
    case Fate::rejected:
    case Fate::shadowed:
      metrics_.rejected[row][static_cast<std::size_t>(verdict.reason)].add();
      return;
  }
}

}  // namespace pharos::ingest
