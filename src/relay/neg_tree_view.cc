#include "relay/neg_tree_view.h"

#include <algorithm>

namespace pharos::relay {
namespace {

constexpr std::size_t kNoLimit = std::size_t{1} << 48U;
constexpr std::size_t kMostRead = 4;
// Of the seconds that a bucket reaches into; where they hold more, the tree is of no use there.
constexpr std::size_t kMostRecords = 20'000;
constexpr std::chrono::seconds kLongRead{10};

}  // namespace

storage::Query source_query(const NegSource& source, std::optional<UnixSeconds> since, std::optional<UnixSeconds> until,
                            storage::Seq max_seq) {
  Filter filter = source.filter;
  filter.since = since;
  filter.until = until;
  storage::QueryOptions options;
  options.default_limit = kNoLimit;
  options.max_limit = kNoLimit;
  options.max_scanned = kNoLimit;
  options.max_seq = max_seq;
  options.visible = source.visible;
  return storage::Query({std::move(filter)}, options);
}

NegTreeView::NegTreeView(const storage::Store& store, const Clock& clock, std::shared_ptr<const NegSource> source,
                         Moment moment, std::optional<UnixSeconds> since, std::optional<UnixSeconds> until)
    : store_(store), clock_(clock), source_(std::move(source)), moment_(std::move(moment)) {
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
  return items(holder)[begin_ + index - moment_.buckets->count_before(holder)];
}

NegSum NegTreeView::sum_before(std::size_t index) const {
  const NegBuckets& buckets = *moment_.buckets;
  if (index == buckets.size()) return buckets.sum_before(buckets.buckets());
  const std::size_t holder = buckets.holder_of(index);
  NegSum sum = buckets.sum_before(holder);
  const std::size_t part = index - buckets.count_before(holder);
  if (part == 0) return sum;
  const std::vector<NegItem>& held = items(holder);
  for (std::size_t i = 0; i < part; ++i) sum += held[i].id;
  return sum;
}

NegSum NegTreeView::sum(std::size_t begin, std::size_t end) const {
  NegSum sum = sum_before(begin_ + end);
  sum -= sum_before(begin_ + begin);
  return sum;
}

const std::vector<NegItem>& NegTreeView::items(std::size_t bucket) const {
  for (const auto& [number, held] : read_) {
    if (number == bucket) return held;
  }
  if (read_.size() == kMostRead) read_.pop_front();
  auto& [number, held] = read_.emplace_back();
  number = bucket;
  const NegBuckets& buckets = *moment_.buckets;
  NegTree::Held expected{buckets.bucket(bucket), std::nullopt};
  if (bucket + 1 < buckets.buckets()) expected.end = buckets.bucket(bucket + 1).first;
  if (!stale_) stale_ = !read_bucket(store_, clock_, *source_, expected, moment_.newest, moment_.now, held);
  held.resize(expected.bucket.count);
  return held;
}

bool read_bucket(const storage::Store& store, const Clock& clock, const NegSource& source, const NegTree::Held& held,
                 storage::Seq newest, UnixSeconds now, std::vector<NegItem>& out) {
  const NegBucket& expected = held.bucket;
  if (expected.count == 0) return true;
  auto query = source_query(source, expected.first.created_at,
                            held.end ? std::optional(held.end->created_at) : std::nullopt, newest);
  TimeBudget budget(clock, kLongRead, kMostRecords);
  NegSum sum;
  const auto ended = query.run_slice(store, now, budget, [&](const storage::RecordView& record) {
    const NegItem item{record.created_at(), record.id()};
    if (item < expected.first || (held.end && !(item < *held.end))) return true;
    out.push_back(item);
    sum += item.id;
    return true;
  });
  std::ranges::sort(out);
  return ended == storage::SliceEnd::finished && out.size() == expected.count && sum == expected.sum;
}

}  // namespace pharos::relay
