// Reads the items of one bucket of a tree of sums (NIP-77) from the store, in slices. However many events share the
// seconds at which the bucket begins and ends, those outside of it are passed over by seeking.
//
// On one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "nostr/filter.h"
#include "nostr/negentropy_tree.h"
#include "storage/query.h"

namespace pharos::relay {

// What a tree is made of: the events of a filter that everybody may read.
struct NegSource {
  Filter filter;  // kinds and authors alone
  std::function<bool(const storage::RecordView&)> visible;
};

// A query of the source's events within the window, newest first and without limits. first_id as QueryOptions has it.
storage::Query source_query(const NegSource& source, std::optional<UnixSeconds> since, std::optional<UnixSeconds> until,
                            storage::Seq max_seq, std::optional<EventId> first_id = std::nullopt);

class NegBucketReader {
 public:
  // Beyond what the bucket holds: what is hidden in its seconds. Where there is more, it is not read to the end.
  static constexpr std::size_t kMostBeside = 20'000;

  // The bucket as it was when what has a number up to `newest` had come and what expired by `now` was gone.
  NegBucketReader(std::shared_ptr<const NegSource> source, const NegTree::Held& held, storage::Seq newest,
                  UnixSeconds now);

  // `failed`: it cannot be read as it was any more. An end other than `more` is final.
  storage::SliceEnd run_slice(const storage::Store& store, TimeBudget& budget);

  // Ascending, once it has finished.
  std::vector<NegItem>& items() { return items_; }
  // Records looked at.
  std::size_t scanned() const { return scanned_; }

 private:
  // Newest first.
  struct Part {
    std::optional<UnixSeconds> since;
    std::optional<UnixSeconds> until;
    std::optional<EventId> first_id;
  };
  storage::SliceEnd read_part(const storage::Store& store, TimeBudget& budget);

  const std::shared_ptr<const NegSource> source_;
  const NegTree::Held held_;
  const storage::Seq newest_;
  const UnixSeconds now_;
  std::vector<Part> parts_;
  std::size_t next_part_ = 0;
  std::optional<storage::Query> query_;  // of the part that is read
  std::vector<NegItem> items_;
  NegSum sum_;
  std::size_t scanned_ = 0;
};

}  // namespace pharos::relay
