#include "relay/search.h"

#include <algorithm>
#include <iterator>

#include "nostr/search_query.h"
#include "relay/replies.h"

namespace pharos::relay {

bool has_search(const std::vector<Filter>& filters) {
  return std::ranges::any_of(filters, [](const Filter& filter) { return filter.search != nullptr; });
}

std::string_view search_refusal(const std::vector<Filter>& filters, const storage::WordIndexProgress* index) {
  if (!has_search(filters)) return {};
  if (index == nullptr) return closed::kSearchUnsupported;
  return index->is_complete() ? std::string_view() : closed::kSearchBuilding;
}

void narrow_searches(std::vector<Filter>& filters, const storage::WordIndexProgress* index) {
  for (Filter& filter : filters) {
    if (!filter.search) continue;
    if (filter.search->asks_nothing) {
      filter.search.reset();
      continue;
    }
    std::vector<Kind> kinds;
    if (filter.kinds) {
      std::ranges::set_intersection(*filter.kinds, index->kinds(), std::back_inserter(kinds));
    } else {
      kinds = index->kinds();
    }
    filter.kinds = std::move(kinds);
  }
}

}  // namespace pharos::relay
