// The last so many ids, oldest forgotten first: the cheap test before a look into the store. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_set>

#include "nostr/types.h"

namespace pharos::router {

class RecentIds {
 public:
  explicit RecentIds(std::size_t capacity) : capacity_(capacity) {}

  bool contains(const EventId& id) const { return ids_.contains(id); }
  // False when it was there.
  bool insert(const EventId& id) {
    if (capacity_ == 0 || !ids_.insert(id).second) return false;
    order_.push_back(id);
    if (order_.size() > capacity_) {
      ids_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }
  std::size_t size() const { return ids_.size(); }

 private:
  std::size_t capacity_;
  std::unordered_set<EventId> ids_;
  std::deque<EventId> order_;
};

}  // namespace pharos::router
