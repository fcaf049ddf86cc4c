// Reads one interval of created_at from a relay by paged REQs, newest first, and says what each answer proves.
//
//   page      [lower, until]: everything newer than the oldest event received is complete, because the same answer also
//             holds an older event; the next `until` is that oldest second, inclusive, whose known ids must come again
//   bottom    only [lower, t-1] ending in EOSE with nothing, or NIP-67 "finish", closes the interval
//   one second that fills a whole answer is complete only when the relay has shown that it gives more than that many
//             events; otherwise see DenseSecond
//   control   an interval that is empty at a relay that once served this filter counts only after the relay has shown
//             that it still serves it
//
// Fewer events than the limit, timeouts, CLOSED and lost connections prove nothing. Pure; one thread.
#pragma once

#include <deque>
#include <optional>
#include <unordered_set>
#include <vector>

#include "router/answer.h"
#include "router/dense_second.h"
#include "router/options.h"

namespace pharos::router {

// What a walk found out; becomes a ledger entry once every event received before it is durably decided.
struct Claim {
  Interval range;
  Coverage state = Coverage::failed;
  std::uint64_t events = 0;
};

class PageWalker {
 public:
  // base: the filter without its window. served_before: events of this filter were once received from the relay. proof
  // is shared by the walks of one run and outlives them.
  PageWalker(const Filter& base, Interval range, bool served_before, const CatchupOptions& options, RelayProof& proof);

  enum class State {
    asking,    // request() is what to ask next
    finished,  // the whole interval is claimed
    failed,    // the rest is claimed as failed
    suspect,   // the relay broke the rules; nothing of this run is to be trusted
  };
  State state() const { return state_; }

  Filter request() const;
  // An event that matches the request, its window aside; live_after as for AnswerCheck.
  void on_event(const Event& event, UnixSeconds live_after);
  // An event that does not.
  void on_foreign();
  // An event that could not be read came, perhaps as part of this answer.
  void on_unreadable() { unreadable_ = true; }
  // EOSE on the request; appends what it proves.
  void on_eose(bool finish, std::vector<Claim>& claims);
  // The request could not be answered for now and will be asked again: what came so far proves nothing.
  void retry();
  // Gives up: claims the rest as failed.
  void fail(std::vector<Claim>& claims);
  // Why the walk became suspect.
  const char* fault() const { return fault_; }

  // Between answers: hands the older part over to another walker when that is worth it. The halves share a second, so
  // that a relay sloppy at one edge does not lose it.
  std::optional<Interval> split();

 private:
  enum class Step { page, step_back, control, dense };
  // An answer that lies in one second as a whole.
  struct Single {
    UnixSeconds second;
    std::uint64_t count;
    std::vector<Kind> kinds;
    bool was_cut = false;
  };

  void begin(Step step);
  void on_page(bool finish, std::vector<Claim>& claims);
  // False when the answer is not to be read further.
  bool check_overlap();
  void read_answer(std::vector<Claim>& claims);
  void reach_bottom(std::vector<Claim>& claims);
  void settle_single(bool was_cut, std::vector<Claim>& claims);
  void settle_dense(std::vector<Claim>& claims);
  void advance(std::vector<Claim>& claims);
  void on_dense(bool finish, std::vector<Claim>& claims);
  void suspect(const char* fault) {
    state_ = State::suspect;
    fault_ = fault;
  }

  Filter base_;
  UnixSeconds lower_;
  UnixSeconds until_;
  bool served_before_;
  CatchupOptions options_;
  RelayProof& proof_;
  State state_ = State::asking;
  Step step_ = Step::page;
  AnswerCheck answer_;
  std::unordered_set<EventId> boundary_;
  std::optional<Single> single_;
  std::deque<Single> doubtful_;  // at most two; the first is being settled by dense_
  std::optional<DenseSecond> dense_;
  bool bottom_reached_ = false;
  unsigned vanished_ = 0;
  bool unreadable_ = false;  // in the present answer
  const char* fault_ = "";
};

}  // namespace pharos::router
