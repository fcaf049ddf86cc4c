// A filter group with searches (NIP-50) evaluated in resumable slices: first what the searches find, the best first and
// among what is about as good the newest (nostr/search_score.h), then what the other filters match, newest first. An
// event comes once. Else as Query.
//
// A search looks at its candidates newest first, at so many at most; when there are more it gives the best of those.
// Its limit is applied to the order of scores.
//
// Between slices it holds what the searches found, 32 bytes each and no more than their limits together.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "nostr/search_score.h"
#include "storage/query.h"
#include "storage/query_state.h"
#include "storage/scan.h"

namespace pharos::storage {

class RankedQuery {
 public:
  RankedQuery(std::vector<Filter> filters, const QueryOptions& options);

  SliceEnd run_slice(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink);

  void park();

  bool gave_all() const;
  std::size_t scanned() const;
  std::size_t returned() const { return returned_; }
  // Records looked at for searches.
  std::size_t candidates() const;

 private:
  struct Hit {
    SearchScore score = 0;
    Candidate place;
  };
  struct Search {
    Filter filter;
    std::size_t limit = 0;
    std::vector<float> weights;         // of its words
    std::unique_ptr<QueryState> query;  // while it runs
    std::vector<Hit> best;              // a heap, the worst on top
    std::size_t scanned = 0;
  };
  static bool is_better(const Hit& a, const Hit& b);

  SliceEnd run(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink);
  // Each is finished, or how the slice ends.
  SliceEnd collect(const Store& store, UnixSeconds now, TimeBudget& budget);
  SliceEnd give_hits(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink);
  SliceEnd give_rest(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink);
  bool begin(const Store& store, Search& search);
  void look_at(const RecordView& record, Search& search, TimeBudget& budget);
  void order_hits();

  QueryOptions options_;
  std::vector<Search> searches_;
  std::size_t current_ = 0;  // searches before it are done
  bool saw_all_ = true;      // every match of theirs is among the hits
  std::optional<Seq> max_seq_;
  std::vector<Hit> hits_;  // in the order of the answer
  bool ordered_ = false;
  std::size_t next_hit_ = 0;
  std::vector<Seq> given_;  // sorted
  std::size_t looked_up_ = 0;
  QueryState rest_;
  std::size_t returned_ = 0;
  SliceEnd last_end_ = SliceEnd::more;
};

}  // namespace pharos::storage
