// What a negentropy session has read of a tree's buckets (NIP-77), kept from one message to the next: where two sets
// differ everywhere, each bucket is asked of several times on the way down to its items. As long as there is memory to
// spare; what is not kept is read again.
//
// On one thread.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "nostr/negentropy_tree.h"
#include "relay/neg_memory.h"

namespace pharos::relay {

class NegReadBuckets {
 public:
  explicit NegReadBuckets(NegMemory& memory) : share_(memory) {}

  // nullptr when it is not kept, or the bucket has others by now.
  const std::vector<NegItem>* find(const NegBucket& bucket) const {
    const auto at = kept_.find(bucket.first);
    return at != kept_.end() && is_same(at->second.bucket, bucket) ? &at->second.items : nullptr;
  }
  // False when there is no memory to spare; the items are as they were then.
  bool keep(const NegBucket& bucket, std::vector<NegItem>& items);
  // What other buckets have taken the place of.
  void forget_all_but(const NegBuckets& buckets);

 private:
  struct Kept {
    NegBucket bucket;
    std::vector<NegItem> items;
  };
  // Of a map's node beside the items.
  static constexpr std::size_t kNodeBytes = sizeof(NegItem) + sizeof(Kept) + 48;

  static bool is_same(const NegBucket& a, const NegBucket& b) { return a.count == b.count && a.sum == b.sum; }
  static std::size_t bytes_of(const Kept& kept) { return kNodeBytes + kept.items.capacity() * sizeof(NegItem); }

  NegMemory::Share share_;
  std::map<NegItem, Kept> kept_;  // by the first that the bucket may hold
  std::size_t bytes_ = 0;
};

}  // namespace pharos::relay
