// The ids between verification and their commit, each with the later copies that wait for its fate; and the ids of
// the ephemeral events delivered lately, which no store remembers. Any thread.
//
// Bounded by the pipeline's own cap (each entry and each waiter is an item in flight) and by `recent_capacity`, where
// the oldest id makes room.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ingest/item.h"
#include "util/sync.h"

namespace pharos::ingest {

class InFlightIds {
 public:
  explicit InFlightIds(std::size_t recent_capacity) : recent_capacity_(recent_capacity) {}

  // True: item leads its id from now on. False: another does, and item waits in its keeping.
  bool lead_or_wait(const ItemPtr& item);
  // Ends the lead and hands out those who waited.
  std::vector<ItemPtr> release(const EventId& id);

  bool is_recent_ephemeral(const EventId& id) const;
  // False when the id was among the recent ones already.
  bool remember_ephemeral(const EventId& id);

 private:
  const std::size_t recent_capacity_;
  mutable Mutex mutex_;
  using Leads = std::unordered_map<EventId, std::vector<ItemPtr>>;
  static constexpr std::size_t kSpareLeads = 1024;
  Leads leads_ PHAROS_GUARDED_BY(mutex_);
  std::vector<Leads::node_type> spare_leads_ PHAROS_GUARDED_BY(mutex_);
  std::unordered_set<EventId> recent_ PHAROS_GUARDED_BY(mutex_);
  std::deque<EventId> recent_order_ PHAROS_GUARDED_BY(mutex_);
};

}  // namespace pharos::ingest
