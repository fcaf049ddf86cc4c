#include "ingest/in_flight_ids.h"

namespace pharos::ingest {

bool InFlightIds::lead_or_wait(const ItemPtr& item) {
  Lock lock(mutex_);
  const auto [at, is_new] = leads_.try_emplace(item->event().id);
  if (!is_new) at->second.push_back(item);
  return is_new;
}

std::vector<ItemPtr> InFlightIds::release(const EventId& id) {
  Lock lock(mutex_);
  const auto at = leads_.find(id);
  if (at == leads_.end()) return {};
  std::vector<ItemPtr> waited = std::move(at->second);
  leads_.erase(at);
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
