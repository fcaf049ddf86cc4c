#include "app/exporter.h"

#include <limits>

namespace pharos::app {
namespace {

// Short read transactions, so that a writer beside us can reuse its pages.
constexpr auto kSliceTime = std::chrono::milliseconds(200);
constexpr std::size_t kSliceRecords = 50'000;
constexpr std::size_t kSliceBytes = std::size_t{4} << 20U;

}  // namespace

WalkResult walk_events(const storage::Store& store, std::vector<Filter> filters, const Clock& clock,
                       const Render& render, const Write& write) {
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  storage::QueryOptions options;
  options.ranked = false;
  options.default_limit = kAll;
  options.max_limit = kAll;
  options.max_scanned = kAll;
  options.max_seq = store.last_seq();
  storage::Query query(std::move(filters), options);
  WalkResult result;
  bool stopped = false;
  std::string text;
  auto end = storage::SliceEnd::more;
  while (end == storage::SliceEnd::more && !stopped) {
    TimeBudget budget(clock, kSliceTime, kSliceRecords);
    end = query.run_slice(store, clock.unix_now(), budget, [&](const storage::RecordView& record) {
      ++result.events;
      render(record, text);
      return text.size() < kSliceBytes;
    });
    stopped = !write(text);
    text.clear();
  }
  result.scanned = query.scanned();
  result.complete = !stopped && end == storage::SliceEnd::finished;
  return result;
}

}  // namespace pharos::app
