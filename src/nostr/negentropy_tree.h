// A large set of events as buckets of some hundred, each with the number and the sum of its items but not the items:
// what negentropy (NIP-77) asks of whole buckets is known at once, and of a part of one after its items were read
// elsewhere. Some 80 bytes a bucket, and 120 in each copy of the buckets. Not synchronized.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "nostr/negentropy_set.h"

namespace pharos {

struct NegBucket {
  NegItem first;  // the least that it may hold; it ends where the next one begins
  std::uint64_t count = 0;
  NegSum sum;
};

// All buckets at one moment, with what stands before each. Immutable.
class NegBuckets {
 public:
  explicit NegBuckets(std::vector<NegBucket> buckets);

  std::size_t size() const { return count_before_.back(); }
  std::size_t buckets() const { return buckets_.size(); }
  const NegBucket& bucket(std::size_t number) const { return buckets_[number]; }
  // Number 0 up to buckets().
  std::size_t count_before(std::size_t number) const { return count_before_[number]; }
  const NegSum& sum_before(std::size_t number) const { return sum_before_[number]; }
  // The bucket that has the item of that index, which is less than size().
  std::size_t holder_of(std::size_t index) const;
  // The first bucket that begins at or behind the bound; buckets() when there is none.
  std::size_t first_behind(const NegBound& bound) const;
  std::size_t bytes() const {
    return buckets_.capacity() * sizeof(NegBucket) + count_before_.capacity() * sizeof(std::size_t) +
           sum_before_.capacity() * sizeof(NegSum);
  }

 private:
  std::vector<NegBucket> buckets_;
  std::vector<std::size_t> count_before_;
  std::vector<NegSum> sum_before_;
};

class NegTree {
 public:
  static constexpr std::size_t kTarget = 128;  // items of a new bucket
  static constexpr std::size_t kMost = 4 * kTarget;

  NegTree() : buckets_(1) {}

  // An item that is not in it, or that is.
  void add(const NegItem& item);
  void remove(const NegItem& item);
  // Newest first, those of one second in any order, before any other call. end_build() takes the last ones.
  void build(const NegItem& item);
  void end_build();

  // The bucket that holds the item, or would, and the first item behind it, nullopt of the last one.
  struct Held {
    NegBucket bucket;
    std::optional<NegItem> end;
  };
  Held held(const NegItem& item) const;
  // Puts buckets of these, ascending, in the place of the one that begins there, whatever that has by now; false when
  // none does.
  bool replace(const NegItem& first, const std::vector<NegItem>& items);

  std::shared_ptr<const NegBuckets> buckets();
  // Since the last buckets(), which gives others now.
  bool has_changed() const { return shared_ == nullptr; }
  std::size_t size() const { return size_; }
  // While it is built too; one copy of its buckets is in it, whether there is one or not.
  std::size_t bytes() const {
    constexpr std::size_t kCopied = sizeof(NegBucket) + sizeof(NegSum) + sizeof(std::size_t);
    return (buckets_.capacity() + built_.capacity()) * (sizeof(NegBucket) + kCopied) +
           building_.capacity() * sizeof(NegItem);
  }

 private:
  std::size_t holder_of(const NegItem& item) const;
  void cut_build();

  std::vector<NegBucket> buckets_;  // ascending; the first begins before everything
  std::size_t size_ = 0;
  NegItem newest_;                            // none is newer
  std::shared_ptr<const NegBuckets> shared_;  // as they are now
  std::vector<NegItem> building_;             // of the next bucket
  std::vector<NegBucket> built_;              // newest first
};

}  // namespace pharos
