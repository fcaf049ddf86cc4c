#include "storage/query.h"

#include <algorithm>

#include "storage/query_state.h"
#include "storage/ranked_query.h"

namespace pharos::storage {

Query::Query(std::vector<Filter> filters, const QueryOptions& options) {
  if (options.ranked && std::ranges::any_of(filters, [](const Filter& filter) { return filter.search != nullptr; })) {
    ranked_ = std::make_unique<RankedQuery>(std::move(filters), options);
  } else {
    state_ = std::make_unique<QueryState>(std::move(filters), options);
  }
}
Query::~Query() = default;
Query::Query(Query&&) noexcept = default;
Query& Query::operator=(Query&&) noexcept = default;

SliceEnd Query::run_slice(const Store& store, UnixSeconds now, TimeBudget& budget, const Sink& sink) {
  return ranked_ ? ranked_->run_slice(store, now, budget, sink) : state_->run_slice(store, now, budget, sink);
}

void Query::park() { ranked_ ? ranked_->park() : state_->park(); }

bool Query::gave_all() const { return ranked_ ? ranked_->gave_all() : state_->gave_all(); }
std::size_t Query::scanned() const { return ranked_ ? ranked_->scanned() : state_->scanned(); }
std::size_t Query::returned() const { return ranked_ ? ranked_->returned() : state_->returned(); }

std::optional<std::size_t> Query::candidates() const {
  return ranked_ ? std::optional(ranked_->candidates()) : std::nullopt;
}

}  // namespace pharos::storage
