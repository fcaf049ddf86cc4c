// Walks the stored events that match, newest first, in constant memory: the work of export and scan. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "nostr/filter.h"
#include "storage/query.h"
#include "util/clock.h"

namespace pharos::app {

struct WalkResult {
  std::uint64_t events = 0;
  std::uint64_t scanned = 0;
  bool complete = false;  // false: storage failed, or visit asked to stop
};

// Filters without a limit give everything. visit returns false to stop. Expired events are left out (NIP-40).
WalkResult walk_events(const storage::Store& store, std::vector<Filter> filters, const Clock& clock,
                       const std::function<bool(const storage::RecordView&)>& visit);

}  // namespace pharos::app
