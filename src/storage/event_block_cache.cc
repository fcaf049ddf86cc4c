#include "storage/event_block_cache.h"

namespace pharos::storage {

std::shared_ptr<const BlockBody> EventBlockCache::body(std::string_view value) {
  const auto head = read_block_head(value);
  if (!head || head->kind != BlockKind::zstd) return nullptr;
  {
    const Lock lock(mutex_);
    if (const auto known = by_stamp_.find(head->stamp); known != by_stamp_.end()) {
      used_.splice(used_.begin(), used_, known->second);
      ++usage_.hits;
      return known->second->body;
    }
    ++usage_.misses;
  }
  auto unpacked = BlockBody::unpack(value);
  if (unpacked) keep(head->stamp, unpacked);
  return unpacked;
}

void EventBlockCache::keep(std::uint64_t stamp, const std::shared_ptr<const BlockBody>& body) {
  const std::size_t size = body->bytes().size();
  if (size > capacity_) return;
  const Lock lock(mutex_);
  if (by_stamp_.contains(stamp)) return;
  while (usage_.bytes + size > capacity_) {
    usage_.bytes -= used_.back().body->bytes().size();
    by_stamp_.erase(used_.back().stamp);
    used_.pop_back();
  }
  used_.push_front({stamp, body});
  by_stamp_.emplace(stamp, used_.begin());
  usage_.bytes += size;
}

EventBlockCache::Usage EventBlockCache::usage() const {
  const Lock lock(mutex_);
  return usage_;
}

}  // namespace pharos::storage
