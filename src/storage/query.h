// A filter group evaluated newest first, in resumable slices; what searches find comes before all else, the best first
// (ranked_query.h).
//
// Order: created_at descending, ties by ascending id (NIP-01), over the whole group. An event that several filters
// match comes once. Each filter's limit takes the newest n of that filter. Replaced, deleted and expired events never
// come.
//
// A Query belongs to one thread at a time. It holds no transaction between slices and resumes by key: whatever is
// written between two slices, nothing comes twice and nothing that stays stored is missed. It sees what was committed
// when its first slice began; of that, what is erased before the query reaches it does not come.
//
// Memory: at most 4096 streams (planner.h) of about 140 bytes and what they read ahead, and 24 bytes an id; once it is
// parked, its filters alone.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "nostr/filter.h"
#include "storage/record.h"
#include "storage/store.h"
#include "util/time_budget.h"

namespace pharos::storage {

struct QueryOptions {
  std::size_t default_limit = 500;  // where a filter names none
  std::size_t max_limit = 500;      // silent clamp per filter
  // Where not the filter's own limit but one of the two above ends it: more of what it matches in the same second, at
  // most so many and no more than it asks for, so that whoever asks on from there misses nothing (NIP-67).
  std::size_t rest_of_second = 0;
  Seq max_seq = ~Seq{0};  // events with a greater one are left to the live feed
  // Of the second at a filter's `until`, those that come before this id are not looked at, but for a few that share its
  // first bytes. For filters without ids.
  std::optional<EventId> first_id{};
  std::size_t max_scanned = 1'000'000;  // records looked at, or seeks, over all slices; then it is cut short
  std::size_t max_candidates = 50'000;  // the same for one search; the best of what was looked at is given then
  bool ranked = true;                   // false: what searches find comes newest first, as everything else
  bool judge_searches = true;           // false: the sink does, it gets what matches but for the search
  // Read permission: a record for which it is false is passed over and counts against no limit. Empty: all are visible.
  std::function<bool(const RecordView&)> visible;
};

enum class SliceEnd {
  more,       // the budget of this slice is used up, or the sink asked to pause: call again
  finished,   // every stored match up to the limits was given
  cut_short,  // max_scanned reached: answer CLOSED, never EOSE
  failed,     // storage error
};

class QueryState;
class RankedQuery;

class Query {
 public:
  Query(std::vector<Filter> filters, const QueryOptions& options);
  ~Query();
  Query(Query&&) noexcept;
  Query& operator=(Query&&) noexcept;

  // Returns false to pause after this record (back-pressure).
  using Sink = std::function<bool(const RecordView&)>;

  // One snapshot long. `now` hides what is expired (NIP-40). Each seek and each record spends one of the
  // budget; any budget but an empty one makes progress. An end other than `more` is final.
  SliceEnd run_slice(const Store& store, UnixSeconds now, TimeBudget& budget, const Sink& sink);

  // Between slices: gives back what is held besides the filters. The next slice takes it up where it stopped, at the
  // cost of opening the streams again. For a reader that keeps it waiting.
  void park();

  // After the last slice: whether it finished with every stored match given, whatever the limits were.
  bool gave_all() const;
  std::size_t scanned() const;   // records looked at
  std::size_t returned() const;  // records given to the sink
  // Records looked at for searches; nullopt where nothing is ranked.
  std::optional<std::size_t> candidates() const;

 private:
  // One of them.
  std::unique_ptr<QueryState> state_;
  std::unique_ptr<RankedQuery> ranked_;
};

}  // namespace pharos::storage
