#include "relay/neg_tree_view.h"

#include <algorithm>

namespace pharos::relay {
namespace {

constexpr std::size_t kMostRead = 4;
// A bucket that has more was added to faster than it could be split; nobody waits for it.
constexpr std::size_t kMostItems = 20'000;
constexpr std::chrono::seconds kLongRead{10};

}  // namespace

NegTreeView::NegTreeView(const storage::Store& store, const Clock& clock, std::shared_ptr<const NegSource> source,
                         Moment moment, std::optional<UnixSeconds> since, std::optional<UnixSeconds> until,
                         NegReadBuckets* read)
    : store_(store), clock_(clock), source_(std::move(source)), moment_(std::move(moment)), read_(read) {
  if (read_ != nullptr) read_->forget_all_but(*moment_.buckets);
  begin_ = since ? rank({static_cast<std::uint64_t>(std::max<UnixSeconds>(*since, 0)), {}, 0}) : 0;
  end_ = moment_.buckets->size();
  if (until) end_ = *until < 0 ? begin_ : std::max(begin_, rank({static_cast<std::uint64_t>(*until) + 1, {}, 0}));
}

std::size_t NegTreeView::rank(const NegBound& bound) const {
  const NegBuckets& buckets = *moment_.buckets;
  if (bound.timestamp == NegBound::kInfinity) return buckets.size();
  const std::size_t behind = buckets.first_behind(bound);
  if (behind == 0) return 0;
  const std::vector<NegItem>& held = items(behind - 1);
  const auto at = std::ranges::partition_point(held, [&](const NegItem& item) { return is_before(item, bound); });
  return buckets.count_before(behind - 1) + static_cast<std::size_t>(at - held.begin());
}

std::size_t NegTreeView::find(std::size_t from, const NegBound& bound) const {
  return std::clamp(rank(bound), begin_ + from, end_) - begin_;
}

NegItem NegTreeView::at(std::size_t index) const {
  const std::size_t holder = moment_.buckets->holder_of(begin_ + index);
  const std::vector<NegItem>& held = items(holder);
  const std::size_t place = begin_ + index - moment_.buckets->count_before(holder);
  return place < held.size() ? held[place] : NegItem{};
}

NegSum NegTreeView::sum_before(std::size_t index) const {
  const NegBuckets& buckets = *moment_.buckets;
  if (index == buckets.size()) return buckets.sum_before(buckets.buckets());
  const std::size_t holder = buckets.holder_of(index);
  NegSum sum = buckets.sum_before(holder);
  const std::size_t part = index - buckets.count_before(holder);
  if (part == 0) return sum;
  const std::vector<NegItem>& held = items(holder);
  for (std::size_t i = 0; i < std::min(part, held.size()); ++i) sum += held[i].id;
  return sum;
}

NegSum NegTreeView::sum(std::size_t begin, std::size_t end) const {
  NegSum sum = sum_before(begin_ + end);
  sum -= sum_before(begin_ + begin);
  return sum;
}

std::size_t NegTreeView::bytes() const {
  std::size_t items = 0;
  for (const auto& [number, held] : last_) items += held.capacity();
  return items * sizeof(NegItem);
}

const std::vector<NegItem>& NegTreeView::items(std::size_t bucket) const {
  const NegBuckets& buckets = *moment_.buckets;
  if (read_ != nullptr) {
    if (const auto* kept = read_->find(buckets.bucket(bucket)); kept != nullptr) return *kept;
  }
  for (const auto& [number, held] : last_) {
    if (number == bucket) return held;
  }
  if (last_.size() == kMostRead) last_.pop_front();
  auto& [number, held] = last_.emplace_back();
  number = bucket;
  NegTree::Held expected{buckets.bucket(bucket), std::nullopt};
  if (bucket + 1 < buckets.buckets()) expected.end = buckets.bucket(bucket + 1).first;
  stale_ = stale_ || expected.bucket.count > kMostItems;
  if (stale_) return held;
  NegBucketReader reader(source_, expected, moment_.newest, moment_.now);
  TimeBudget budget(clock_, kLongRead, expected.bucket.count + NegBucketReader::kMostBeside);
  stale_ = reader.run_slice(store_, budget) != storage::SliceEnd::finished;
  scanned_ += reader.scanned();
  if (stale_) return held;
  held = std::move(reader.items());
  if (read_ == nullptr || !read_->keep(expected.bucket, held)) return held;
  last_.pop_back();
  return *read_->find(expected.bucket);
}

}  // namespace pharos::relay
