#include "relay/neg_read_buckets.h"

#include <utility>

namespace pharos::relay {

bool NegReadBuckets::keep(const NegBucket& bucket, std::vector<NegItem>& items) {
  if (const auto old = kept_.find(bucket.first); old != kept_.end()) {
    bytes_ -= bytes_of(old->second);
    kept_.erase(old);
  }
  items.shrink_to_fit();
  Kept kept{bucket, {}};
  const std::size_t bytes = bytes_of(kept) + items.capacity() * sizeof(NegItem);
  if (!share_.grow_sparingly(bytes_ + bytes)) return false;
  bytes_ += bytes;
  kept.items = std::move(items);
  kept_.emplace(bucket.first, std::move(kept));
  return true;
}

void NegReadBuckets::forget_all_but(const NegBuckets& buckets) {
  // Both ascend.
  std::size_t number = 0;
  std::erase_if(kept_, [&](const auto& entry) {
    while (number < buckets.buckets() && buckets.bucket(number).first < entry.first) ++number;
    const bool is_there = number < buckets.buckets() && buckets.bucket(number).first == entry.first &&
                          is_same(buckets.bucket(number), entry.second.bucket);
    if (!is_there) bytes_ -= bytes_of(entry.second);
    return !is_there;
  });
  share_.grow(bytes_, 0);
}

}  // namespace pharos::relay
