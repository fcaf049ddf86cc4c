#include "ingest/in_flight_ids.h"

#include <utility>

namespace pharos::ingest {

bool InFlightIds::lead_or_wait(const ItemPtr& item) {
  const EventId& id = item->event().id;
  Lock lock(mutex_);
  if (const auto lead = leads_.find(id); lead != leads_.end()) {
    lead->second.push_back(item);
    return false;
  }
  if (spare_leads_.empty()) {
    leads_.try_emplace(id);
  } else {
    spare_leads_.back().key() = id;
    leads_.insert(std::move(spare_leads_.back()));
    spare_leads_.pop_back();
  }
  return true;
}

std::vector<ItemPtr> InFlightIds::release(const EventId& id) {
  Lock lock(mutex_);
  const auto at = leads_.find(id);
  if (at == leads_.end()) return {};
  std::vector<ItemPtr> waited = std::exchange(at->second, {});
  auto lead = leads_.extract(at);
  if (spare_leads_.size() < kSpareLeads) spare_leads_.push_back(std::move(lead));
  return waited;
}

bool InFlightIds::is_recent_ephemeral(const EventId& id) const {
  Lock lock(mutex_);
  return recent_.contains(id);
}

bool InFlightIds::remember_ephemeral(const EventId& id) {
  if (recent_capacity_ == 0) return true;
  Lock lock(mutex_);
  if (!recent_.insert(id).second) return false;
  recent_order_.push_back(id);
  if (recent_order_.size() > recent_capacity_) {
    recent_.erase(recent_order_.front());
    recent_order_.pop_front();
  }
  return true;
}

}  // namespace pharos::ingest
