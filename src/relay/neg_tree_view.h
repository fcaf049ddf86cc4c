// A tree of sums as one negentropy message sees it (NIP-77): the buckets of one moment, and the items of those that the
// message's bounds cut, read from the store. What was read is checked against the bucket's number and sum: where it is
// not the same, as after an event was erased meanwhile, the view is stale and what was answered from it is thrown away.
//
// On one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "nostr/negentropy_tree.h"
#include "relay/neg_bucket_reader.h"
#include "relay/neg_read_buckets.h"
#include "util/clock.h"

namespace pharos::relay {

class NegTreeView final : public NegSet {
 public:
  struct Moment {
    std::shared_ptr<const NegBuckets> buckets;
    storage::Seq newest = 0;  // what is stored later is not in it
    UnixSeconds now = 0;      // nor is what had expired by then
  };

  // Of the events with since <= created_at <= until. read: of earlier views of the same tree, where more is kept; it
  // outlives the view. nullptr: the last few buckets alone.
  NegTreeView(const storage::Store& store, const Clock& clock, std::shared_ptr<const NegSource> source, Moment moment,
              std::optional<UnixSeconds> since, std::optional<UnixSeconds> until, NegReadBuckets* read = nullptr);

  std::size_t size() const override { return end_ - begin_; }
  std::size_t find(std::size_t from, const NegBound& bound) const override;
  NegItem at(std::size_t index) const override;
  NegSum sum(std::size_t begin, std::size_t end) const override;

  bool is_stale() const { return stale_; }
  const NegBuckets& buckets() const { return *moment_.buckets; }
  // Records looked at so far.
  std::size_t scanned() const { return scanned_; }
  // Of the items that it holds itself; the buckets are not its own.
  std::size_t bytes() const;

 private:
  std::size_t rank(const NegBound& bound) const;
  NegSum sum_before(std::size_t index) const;
  // As many as the bucket has; once the view is stale, those of buckets that it has not read yet are none.
  const std::vector<NegItem>& items(std::size_t bucket) const;

  const storage::Store& store_;
  const Clock& clock_;
  const std::shared_ptr<const NegSource> source_;
  const Moment moment_;
  mutable bool stale_ = false;
  mutable std::size_t scanned_ = 0;
  NegReadBuckets* const read_;
  mutable std::deque<std::pair<std::size_t, std::vector<NegItem>>> last_;  // the last few that are not kept there
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace pharos::relay
