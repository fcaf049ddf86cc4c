// One run of catch-up for one filter: walks the given intervals, several at a time, newest first, and collects what the
// answers prove. Pure; one thread. The owner sends the requests, matches the answers to them and keeps the deadlines.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "router/page_walker.h"

namespace pharos::router {

class Catchup {
 public:
  using WalkId = std::uint32_t;

  // base: without its window. gaps: newest first. served_before as for PageWalker.
  Catchup(const Filter& base, std::vector<Interval> gaps, bool served_before, const CatchupOptions& options);
  Catchup(const Catchup&) = delete;
  Catchup& operator=(const Catchup&) = delete;

  struct Request {
    WalkId walk = 0;
    Filter filter;
  };
  // The next REQ to send, if one may be sent now. Each must end in on_eose(), hold() or fail().
  std::optional<Request> next();

  // As PageWalker has them.
  void on_event(WalkId walk, const Event& event, UnixSeconds live_after);
  void on_foreign(WalkId walk);
  void on_unreadable(WalkId walk);
  void on_eose(WalkId walk, bool finish);
  // Not answered for now (auth-required, rate-limited): next() will give the same question again.
  void hold(WalkId walk);
  // Not answered at all: its interval is claimed as failed.
  void fail(WalkId walk);
  // Gives up what is in flight and not yet begun; `as_failed` claims it as failed.
  void abort(bool as_failed);

  // In the order in which they were found out. A suspect run ends by claiming all of its intervals as suspect.
  std::vector<Claim> take_claims();

  bool finished() const { return walks_.empty() && gaps_.empty(); }
  bool all_complete() const { return all_complete_; }
  // Why the run became suspect; "" when it did not.
  const char* fault() const { return fault_; }
  const RelayProof& proof() const { return proof_; }
  // One REQ at a time from now on, for a relay that refused several.
  void slow_down() { parallel_ = 1; }

 private:
  struct Walk {
    WalkId id;
    std::unique_ptr<PageWalker> walker;
    bool in_flight = false;
  };
  Walk* find(WalkId id);
  void settle(Walk& walk);

  Filter base_;
  std::deque<Interval> gaps_;
  const std::vector<Interval> all_gaps_;
  bool served_before_;
  CatchupOptions options_;
  std::size_t parallel_;
  RelayProof proof_;
  std::deque<Walk> walks_;  // at most parallel_requests
  WalkId next_id_ = 1;
  std::vector<Claim> claims_;
  bool all_complete_ = true;
  const char* fault_ = "";
};

}  // namespace pharos::router
