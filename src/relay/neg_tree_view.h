// A tree of sums as one negentropy message sees it (NIP-77): the buckets of one moment, and the items of those that the
// message's bounds cut, read from the store. What was read is checked against the bucket's number and sum: where it is
// not the same, as after an event was erased meanwhile, the view is stale and what was answered from it is thrown away.
//
// On one thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "nostr/filter.h"
#include "nostr/negentropy_tree.h"
#include "storage/query.h"
#include "util/clock.h"

namespace pharos::relay {

// What a tree is made of: the events of a filter that everybody may read.
struct NegSource {
  Filter filter;  // kinds and authors alone
  std::function<bool(const storage::RecordView&)> visible;
};

// A query of the source's events within the window, newest first and without limits.
storage::Query source_query(const NegSource& source, std::optional<UnixSeconds> since, std::optional<UnixSeconds> until,
                            storage::Seq max_seq);

// The items of a bucket, ascending, as it was when these had come; false when that cannot be read any more.
bool read_bucket(const storage::Store& store, const Clock& clock, const NegSource& source, const NegTree::Held& held,
                 storage::Seq newest, UnixSeconds now, std::vector<NegItem>& out);

class NegTreeView final : public NegSet {
 public:
  struct Moment {
    std::shared_ptr<const NegBuckets> buckets;
    storage::Seq newest = 0;  // what is stored later is not in it
    UnixSeconds now = 0;      // nor is what had expired by then
  };

  // Of the events with since <= created_at <= until.
  NegTreeView(const storage::Store& store, const Clock& clock, std::shared_ptr<const NegSource> source, Moment moment,
              std::optional<UnixSeconds> since, std::optional<UnixSeconds> until);

  std::size_t size() const override { return end_ - begin_; }
  std::size_t find(std::size_t from, const NegBound& bound) const override;
  NegItem at(std::size_t index) const override;
  NegSum sum(std::size_t begin, std::size_t end) const override;

  bool is_stale() const { return stale_; }
  const NegBuckets& buckets() const { return *moment_.buckets; }

 private:
  std::size_t rank(const NegBound& bound) const;
  NegSum sum_before(std::size_t index) const;
  // As many as the bucket has, also where they are not right.
  const std::vector<NegItem>& items(std::size_t bucket) const;

  const storage::Store& store_;
  const Clock& clock_;
  const std::shared_ptr<const NegSource> source_;
  const Moment moment_;
  mutable bool stale_ = false;
  mutable std::deque<std::pair<std::size_t, std::vector<NegItem>>> read_;  // the last few
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace pharos::relay
