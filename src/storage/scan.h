// Reading one index key newest first, across transactions: a stream remembers the last place it took and goes on
// strictly after it, whatever was inserted or erased in between.
//
// A key's places come from LMDB and from the memtables over it, merged; between two slices they may have moved from one
// to the other.
//
// One thread. A SliceReader lives as long as one snapshot; an IndexStream as long as its query.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "storage/candidate.h"
#include "storage/index_levels.h"
#include "storage/keys.h"
#include "storage/planner.h"
#include "storage/record.h"
#include "storage/snapshot.h"
#include "storage/tables.h"
#include "storage/txn.h"
#include "util/time_budget.h"

namespace pharos::storage {

// The cursors of one slice, opened as they are needed and shared by all streams of an index.
class SliceReader {
 public:
  // Outlives it.
  explicit SliceReader(const Snapshot& snapshot) : snapshot_(snapshot), tables_(snapshot.tables()) {}

  bool failed() const { return snapshot_.failed(); }
  const SipKey& hash_key() const { return tables_.hash_key; }

  // nullopt when no event has that number (any more).
  std::optional<RecordView> record(Seq seq);
  // Whether the index by word has every event that the filter's search can match: it is complete, and the filter names
  // kinds that it covers.
  bool indexes_words_of(const Filter& filter) const;
  // These will be asked for one after the other.
  void prepare(std::span<const Candidate> candidates);
  // The newest sequence number that is seen, 0 when there is none.
  Seq last_seq() const { return snapshot_.as_of(); }
  // The event with that id, as an index would tell of it.
  std::optional<Candidate> find(const EventId& id);
  // How many entries a key has, about, and the time between the first and the last of them.
  struct Extent {
    std::size_t entries = 0;
    UnixSeconds oldest = 0;
    UnixSeconds newest = 0;
  };
  Extent extent(Index index, Key key);

 private:
  friend class IndexStream;
  static constexpr std::uint32_t kNobody = ~std::uint32_t{0};
  struct Shared {
    std::optional<IndexCursor> cursor;
    std::uint32_t owner = kNobody;  // the stream whose last place the cursor stands at
  };
  Shared& shared(Index index);

  const Snapshot& snapshot_;
  const Tables& tables_;
  std::array<Shared, 7> indexes_;
  std::vector<Candidate> places_;  // of one fill
};

class IndexStream {
 public:
  // Places after `after` in the order of answers, down to created_at `since`. No two streams of a query have the same
  // number. It is one of so many of its filter; few read ahead from the start.
  IndexStream(std::uint32_t number, Index index, Key key, const Candidate& after, UnixSeconds since,
              std::size_t streams)
      : key_(key),
        last_(after),
        since_(since),
        number_(number),
        read_ahead_(first_ahead(streams)),
        most_ahead_(streams == 1 ? kReadAheadAlone : kMostAhead),
        index_(index) {}

  // These, in the order of answers, and no more.
  explicit IndexStream(std::vector<Candidate> candidates) : ahead_(std::move(candidates)), ended_(true) {}

  enum class Fill { ready, ended, out_of_budget };
  // Takes the next place from the index into `out`, and reads up to `wanted` - 1 more ahead, fewer as the stream
  // begins. Passes over those with seq > max_seq. After out_of_budget, call it again in this slice or another. Called
  // when take() has nothing.
  Fill fill(SliceReader& reader, Seq max_seq, std::size_t wanted, TimeBudget& budget, Candidate& out);

  Key key() const { return key_; }
  // What take() will give.
  std::span<const Candidate> ahead() const { return std::span(ahead_).subspan(next_); }

  // The next place that was read ahead; false when fill() has to be called.
  bool take(Candidate& out) {
    if (next_ == ahead_.size()) return false;
    out = ahead_[next_++];
    return true;
  }

 private:
  // One of many reads one place when it is opened, since most of 500 authors never come up, and twice as many each time
  // it does: a seek costs as much as a dozen steps.
  static constexpr std::uint8_t kMostAhead = 16;
  static constexpr std::uint8_t kReadAheadAlone = 48;
  // Of a few most come up: they share what two of them read.
  static constexpr std::size_t kFew = 4;
  static constexpr std::uint8_t first_ahead(std::size_t streams) {
    if (streams == 1) return kReadAheadAlone;
    return streams <= kFew ? static_cast<std::uint8_t>(2 * kMostAhead / streams) : std::uint8_t{1};
  }

  // Reads up to `wanted` places after last_ from LMDB and takes last_ along, over those with seq > max_seq as well.
  enum class End { of_wants, of_places, of_budget };
  End read_lmdb(SliceReader& reader, Seq max_seq, std::size_t wanted, TimeBudget& budget,
                std::vector<Candidate>& places);
  // Puts those of the memtables between that go with what was read from LMDB after `after`, which ended with `end`.
  void add_from_memtables(const SliceReader& reader, const Candidate& after, End end, Seq max_seq, std::size_t wanted,
                          std::vector<Candidate>& places);

  Key key_ = 0;
  Candidate last_;  // read on strictly after it
  UnixSeconds since_ = 0;
  std::vector<Candidate> ahead_;  // stays empty in a stream that gives one place, as most of many do
  std::size_t next_ = 0;
  std::uint32_t number_ = 0;
  std::uint8_t read_ahead_ = 1;
  std::uint8_t most_ahead_ = kMostAhead;
  Index index_ = Index::by_id;
  bool ended_ = false;
};

// Where a stream begins that has no upper end, or one at `until` (inclusive, not negative).
Candidate before_everything();
Candidate before_second(UnixSeconds until);
// Where a stream begins that leaves out this place, and all before it.
Candidate after_place(const Candidate& place);

// The key of the i-th stream of a path other than by_id.
Key stream_key(const Filter& filter, const AccessPath& path, const SipKey& hash_key, std::size_t i);

// The path for `wanted` answers: probes the indexes where there is a choice.
AccessPath plan_path(SliceReader& reader, const Filter& filter, std::size_t wanted);

}  // namespace pharos::storage
