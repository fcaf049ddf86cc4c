#include "nostr/negentropy_tree.h"

#include <algorithm>
#include <span>

#include "util/release_memory.h"

namespace pharos {
namespace {

// About kTarget items each.
std::vector<NegBucket> buckets_of(std::span<const NegItem> items, const NegItem& first) {
  std::vector<NegBucket> out;
  const std::size_t number = std::max<std::size_t>(1, items.size() / NegTree::kTarget);
  for (std::size_t i = 0; i < number; ++i) {
    const auto part =
        items.subspan(items.size() * i / number, items.size() * (i + 1) / number - items.size() * i / number);
    NegBucket& bucket = out.emplace_back();
    bucket.first = i == 0 ? first : part.front();
    bucket.count = part.size();
    for (const NegItem& item : part) bucket.sum += item.id;
  }
  return out;
}

}  // namespace

NegBuckets::NegBuckets(std::vector<NegBucket> buckets) : buckets_(std::move(buckets)) {
  count_before_.reserve(buckets_.size() + 1);
  sum_before_.reserve(buckets_.size() + 1);
  std::size_t count = 0;
  NegSum sum;
  for (const NegBucket& bucket : buckets_) {
    count_before_.push_back(count);
    sum_before_.push_back(sum);
    count += bucket.count;
    sum += bucket.sum;
  }
  count_before_.push_back(count);
  sum_before_.push_back(sum);
}

std::size_t NegBuckets::holder_of(std::size_t index) const {
  return static_cast<std::size_t>(std::ranges::upper_bound(count_before_, index) - count_before_.begin()) - 1;
}

std::size_t NegBuckets::first_behind(const NegBound& bound) const {
  const auto at =
      std::ranges::partition_point(buckets_, [&](const NegBucket& bucket) { return is_before(bucket.first, bound); });
  return static_cast<std::size_t>(at - buckets_.begin());
}

std::size_t NegTree::holder_of(const NegItem& item) const {
  const auto behind = std::ranges::upper_bound(buckets_, item, {}, &NegBucket::first);
  return static_cast<std::size_t>(behind - buckets_.begin()) - 1;
}

void NegTree::add(const NegItem& item) {
  shared_.reset();
  ++size_;
  // New events nearly always come at the end, where a bucket can begin without its items being read.
  const bool is_newest = newest_ < item;
  if (is_newest) newest_ = item;
  if (is_newest && buckets_.back().count >= kTarget) {
    buckets_.push_back({item, 0, {}});
  }
  NegBucket& bucket = is_newest ? buckets_.back() : buckets_[holder_of(item)];
  ++bucket.count;
  bucket.sum += item.id;
}

void NegTree::remove(const NegItem& item) {
  shared_.reset();
  --size_;
  const std::size_t holder = holder_of(item);
  NegBucket& bucket = buckets_[holder];
  --bucket.count;
  bucket.sum -= item.id;
  if (bucket.count == 0 && holder > 0) buckets_.erase(buckets_.begin() + static_cast<std::ptrdiff_t>(holder));
}

void NegTree::build(const NegItem& item) {
  if (building_.size() >= kTarget && building_.back().created_at != item.created_at) cut_build();
  building_.push_back(item);
  newest_ = std::max(newest_, item);
}

void NegTree::cut_build() {
  std::ranges::sort(building_);
  const std::vector<NegBucket> cut = buckets_of(building_, building_.front());
  built_.insert(built_.end(), cut.rbegin(), cut.rend());
  size_ += building_.size();
  // The items of a crowded second are not kept room for.
  building_.size() > kMost ? release_memory(building_) : building_.clear();
}

void NegTree::end_build() {
  if (!building_.empty()) cut_build();
  if (built_.empty()) return;
  buckets_.assign(built_.rbegin(), built_.rend());
  buckets_.front().first = {};
  release_memory(built_);
  release_memory(building_);
  shared_.reset();
}

NegTree::Held NegTree::held(const NegItem& item) const {
  const std::size_t holder = holder_of(item);
  Held out{buckets_[holder], std::nullopt};
  if (holder + 1 < buckets_.size()) out.end = buckets_[holder + 1].first;
  return out;
}

bool NegTree::replace(const NegItem& first, const std::vector<NegItem>& items) {
  const std::size_t holder = holder_of(first);
  if (buckets_[holder].first != first) return false;
  shared_.reset();
  size_ += items.size() - buckets_[holder].count;
  const std::vector<NegBucket> parts = buckets_of(items, buckets_[holder].first);
  buckets_[holder] = parts.front();
  buckets_.insert(buckets_.begin() + static_cast<std::ptrdiff_t>(holder) + 1, parts.begin() + 1, parts.end());
  return true;
}

std::shared_ptr<const NegBuckets> NegTree::buckets() {
  if (!shared_) shared_ = std::make_shared<const NegBuckets>(buckets_);
  return shared_;
}

}  // namespace pharos
