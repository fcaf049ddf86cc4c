#include "storage/query.h"

#include "storage/query_state.h"

namespace pharos::storage {

Query::Query(std::vector<Filter> filters, const QueryOptions& options)
    : state_(std::make_unique<QueryState>(std::move(filters), options)) {}
Query::~Query() = default;
Query::Query(Query&&) noexcept = default;
Query& Query::operator=(Query&&) noexcept = default;

SliceEnd Query::run_slice(const Store& store, UnixSeconds now, TimeBudget& budget, const Sink& sink) {
  return state_->run_slice(store, now, budget, sink);
}

void Query::park() { state_->park(); }

bool Query::gave_all() const { return state_->gave_all(); }
std::size_t Query::scanned() const { return state_->scanned(); }
std::size_t Query::returned() const { return state_->returned(); }

}  // namespace pharos::storage
