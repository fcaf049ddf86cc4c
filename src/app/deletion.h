// Erasing what is stored: on an operator's word by a filter, and what was banned. The store's sweeper does it, behind
// what is served. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "ingest/moderation.h"
#include "nostr/filter.h"
#include "storage/store.h"

namespace pharos::app {

// Its answer is waited for so long; it goes on anyway.
inline constexpr std::chrono::minutes kLongestDeletion{10};

struct Deletion {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  // of their records
  bool whole = false;       // false: the store was stopped before the end, or could not be read
};

// Erases what the filter matches, or only looks how much that is. done is called once, on a thread of the store. False,
// and done is not called, when too many deletions wait. Nothing keeps what was erased from being stored again.
bool delete_matching(storage::Store& store, Filter filter, bool dry_run, std::function<void(const Deletion&)> done);

// What a ban names, save for the events that are allowed by themselves.
void erase_banned(storage::Store& store, const ingest::RulesSnapshot& rules, std::vector<Filter> filters);

// The same for all bans there are: a stop may have ended the erasing of some.
void erase_all_banned(storage::Store& store, const ingest::RulesSnapshot& rules);

}  // namespace pharos::app
