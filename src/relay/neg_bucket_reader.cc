#include "relay/neg_bucket_reader.h"

#include <algorithm>

namespace pharos::relay {
namespace {

using storage::SliceEnd;

constexpr std::size_t kNoLimit = std::size_t{1} << 48U;

}  // namespace

storage::Query source_query(const NegSource& source, std::optional<UnixSeconds> since, std::optional<UnixSeconds> until,
                            storage::Seq max_seq, std::optional<EventId> first_id) {
  Filter filter = source.filter;
  filter.since = since;
  filter.until = until;
  storage::QueryOptions options;
  options.default_limit = kNoLimit;
  options.max_limit = kNoLimit;
  options.max_scanned = kNoLimit;
  options.max_seq = max_seq;
  options.first_id = first_id;
  options.visible = source.visible;
  return storage::Query({std::move(filter)}, options);
}

NegBucketReader::NegBucketReader(std::shared_ptr<const NegSource> source, const NegTree::Held& held,
                                 storage::Seq newest, UnixSeconds now)
    : source_(std::move(source)), held_(held), newest_(newest), now_(now) {
  if (held.bucket.count == 0) return;
  const NegItem& first = held.bucket.first;
  const auto& end = held.end;
  if (end && end->created_at == first.created_at) {
    parts_.push_back({first.created_at, first.created_at, first.id});
    return;
  }
  // Answers come by ascending id within a second and newest first else: what is not in the bucket stands at the end of
  // its last second and at the beginning of its first one.
  if (end) parts_.push_back({end->created_at, end->created_at, std::nullopt});
  const bool takes_whole_second = first.id == EventId{};
  const UnixSeconds since = first.created_at + (takes_whole_second ? 0 : 1);
  if (!end || since < end->created_at) {
    parts_.push_back({since, end ? std::optional(end->created_at - 1) : std::nullopt, std::nullopt});
  }
  if (!takes_whole_second) parts_.push_back({first.created_at, first.created_at, first.id});
}

SliceEnd NegBucketReader::run_slice(const storage::Store& store, TimeBudget& budget) {
  for (; next_part_ < parts_.size(); ++next_part_) {
    const SliceEnd ended = read_part(store, budget);
    if (ended != SliceEnd::finished) return ended;
    query_.reset();
  }
  std::ranges::sort(items_);
  return items_.size() == held_.bucket.count && sum_ == held_.bucket.sum ? SliceEnd::finished : SliceEnd::failed;
}

SliceEnd NegBucketReader::read_part(const storage::Store& store, TimeBudget& budget) {
  const Part& part = parts_[next_part_];
  if (!query_) query_.emplace(source_query(*source_, part.since, part.until, newest_, part.first_id));
  bool is_behind = false;
  const std::size_t scanned_before = query_->scanned();
  const SliceEnd ended = query_->run_slice(store, now_, budget, [&](const storage::RecordView& record) {
    const NegItem item{record.created_at(), record.id()};
    if (item < held_.bucket.first) return true;
    // No other of this part is in the bucket either.
    is_behind = held_.end && !(item < *held_.end);
    // One more than there may be is enough to see that they are others.
    if (is_behind || items_.size() > held_.bucket.count) return false;
    items_.push_back(item);
    sum_ += item.id;
    return true;
  });
  scanned_ += query_->scanned() - scanned_before;
  if (is_behind) return SliceEnd::finished;
  const bool is_too_long = items_.size() > held_.bucket.count || scanned_ > held_.bucket.count + kMostBeside;
  if (ended == SliceEnd::more && is_too_long) return SliceEnd::failed;
  return ended;
}

}  // namespace pharos::relay
