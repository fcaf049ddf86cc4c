// What this relay makes of filters with a search (NIP-50).
//
//   off, or its index is being built    CLOSED, and NIP-11 does not tell of it
//   a search of nothing but extensions  the filter without it
//   any other                           of the kinds that are indexed alone: stored events by score, then live ones
//   that
//                                       match, as they come; COUNT counts what matches
//
// Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "nostr/filter.h"
#include "storage/word_index.h"

namespace pharos::relay {

bool has_search(const std::vector<Filter>& filters);

// The refusal of a REQ or COUNT for its searches, or "" when it may go on. index: nullptr where there is none.
std::string_view search_refusal(const std::vector<Filter>& filters, const storage::WordIndexProgress* index);

// Bounds filters that are not refused to what is searched.
void narrow_searches(std::vector<Filter>& filters, const storage::WordIndexProgress* index);

}  // namespace pharos::relay
