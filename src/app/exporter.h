// Walks the stored events that match, newest first, in constant memory: the work of export and scan. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/filter.h"
#include "storage/query.h"
#include "util/clock.h"

namespace pharos::app {

struct WalkResult {
  std::uint64_t events = 0;
  std::uint64_t scanned = 0;
  bool complete = false;  // false: storage failed, or write asked to stop
};

// Appends what is to be written of a record to the text. Runs inside a read transaction, so it must not wait: while one
// stands, a serving instance cannot reuse the pages it frees.
using Render = std::function<void(const storage::RecordView&, std::string&)>;
// Takes the text of one slice, "" of one that found nothing. Runs between two read transactions and may wait as long as
// it likes. False stops the walk.
using Write = std::function<bool(std::string_view)>;

// Filters without a limit give everything. Expired events are left out (NIP-40).
WalkResult walk_events(const storage::Store& store, std::vector<Filter> filters, const Clock& clock,
                       const Render& render, const Write& write);

}  // namespace pharos::app
