// The inside of a Query: what it remembers between slices. See query.h for what it promises and scan.h, merge.h and
// planner.h for the parts.
//
//   plan      each filter becomes a source with the streams of one index path, or a sorted list for ids
//   fill      every stream without a place read ahead takes its next ones; nothing is merged before all have
//   gather    the streams' heads at the least place form a group: one event nearly always, several only where their
//             ids share three bytes; the records put those in order
//   emit      the events of the group, each judged by the filters whose streams brought it
//
// Sources keep what they read ahead between slices. That stays right because nothing enters below the sequence number
// at which the query began, and a candidate whose record was erased meanwhile is passed over.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/merge.h"
#include "storage/query.h"
#include "storage/query_authors.h"
#include "storage/scan.h"

namespace pharos::storage {

// Of the budget what a search takes to decode the record and to take its texts apart, those of tags too, beyond the one
// for the record.
void spend_on_text(const RecordView& record, TimeBudget& budget);

class QueryState {
 public:
  QueryState(std::vector<Filter> filters, const QueryOptions& options);

  SliceEnd run_slice(const Store& store, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink);

  void park();

  // Before the first slice.
  void see_up_to(Seq most) { options_.max_seq = most; }
  bool gave_all() const { return last_end_ == SliceEnd::finished && !limited_; }
  std::size_t scanned() const { return scanned_; }
  std::size_t returned() const { return returned_; }

 private:
  struct Source {
    Filter filter;
    AccessPath path;  // chosen when it was planned first
    bool planned = false;
    AuthorSet authors;                       // where the path does not say who wrote an event
    std::size_t left = 0;                    // answers still wanted; 0: done, its streams are dead
    std::size_t cap = 0;                     // what it was at first
    std::optional<UnixSeconds> last_second;  // the cap was reached in it, and its rest is given
    std::uint32_t first_stream = 0;          // streams before it were the trial's and are dead
    // While a broad scan is tried (planner.h).
    std::optional<AccessPath> after_trial;
    std::size_t trial_scanned = 0;
    std::size_t trial_matched = 0;
    // ids
    std::size_t next_id = 0;
    std::vector<Candidate> found;
  };
  struct Stream {
    IndexStream places;
    std::uint32_t source;
  };
  struct Member {
    Seq seq = 0;
    std::uint32_t source = 0;
    EventId id;  // set only where the group holds several events
  };
  enum class Step { done, out_of_budget, paused, cut_short };

  SliceEnd run(SliceReader& reader, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink);
  Step plan(SliceReader& reader, TimeBudget& budget);
  AccessPath choose(SliceReader& reader, Source& source);
  Step look_up_ids(SliceReader& reader, std::uint32_t source, TimeBudget& budget);
  void open_streams(SliceReader& reader, std::uint32_t source, const AccessPath& path, const Candidate& after);
  Step fill(SliceReader& reader, TimeBudget& budget);
  bool is_dead(std::uint32_t stream) const;
  // Adds to the group; false while a stream has to be filled first. A complete group that is empty ends the query.
  bool gather();
  void arrange(SliceReader& reader);
  Step emit(SliceReader& reader, UnixSeconds now, TimeBudget& budget, const Query::Sink& sink);
  bool judge(const RecordView& record, UnixSeconds now, std::size_t begin, std::size_t end);
  void reach_limit(Source& source, const RecordView& last);
  void end_limited(Source& source);
  bool is_hidden(const RecordView& record, UnixSeconds now) const;
  void end_trials(SliceReader& reader);

  QueryOptions options_;
  std::vector<Source> sources_;
  std::size_t live_sources_ = 0;
  std::size_t trials_ = 0;
  std::uint32_t planned_ = 0;  // sources before it have their streams
  bool started_ = false;
  bool searches_ = false;  // records are taken apart into words here
  bool limited_ = false;   // a filter may match more than was given
  bool parked_ = false;    // place_ is where to go on
  Seq max_seq_ = 0;

  std::vector<Stream> streams_;
  std::vector<std::uint32_t> unfilled_;
  MergeHeap heap_;

  Candidate place_;            // of the group
  std::vector<Member> group_;  // by event, then by source
  bool group_complete_ = false;
  std::size_t emitted_ = 0;  // members before it are done

  std::size_t scanned_ = 0;
  std::size_t seeks_ = 0;
  std::size_t returned_ = 0;
  std::size_t returned_when_parked_ = 0;
  SliceEnd last_end_ = SliceEnd::more;
};

}  // namespace pharos::storage
