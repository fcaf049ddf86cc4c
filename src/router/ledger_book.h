// The ledger of one filter on its way to the disk. A claim becomes part of the ledger in three steps: every event
// received before it is durably decided, none of them in its interval was lost, and the update that writes it is
// durable itself. Pure; one thread.
//
// Also turns the live subscription into coverage: catch-up asks after the live subscription is confirmed, so what the
// pages prove stays true while the subscription holds; what is younger than late_margin is held back, because a crash
// of either side must not leave a claim about seconds whose events were still under way.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "router/ledger.h"
#include "router/page_walker.h"
#include "router/tickets.h"

namespace pharos::router {

class LedgerBook {
 public:
  // filter: with its window, which bounds what is wanted.
  LedgerBook(const Filter& filter, Ledger ledger, const CatchupOptions& options);

  // What is wanted at `now`. Questions about its newest seconds go on to the end of the window: an event dated further
  // ahead that the relay has already is not told by the live subscription.
  Interval target(UnixSeconds now) const;
  // What should be asked for, newest first. The part that the live subscription looks after is left out. Nothing while
  // earlier claims are under way.
  std::vector<Interval> due(UnixSeconds now) const;
  // The tier to re-check now and its interval.
  struct Recheck {
    std::size_t tier;
    std::vector<Interval> gaps;  // newest first; without what is partial or suspect, which has its own time
  };
  std::optional<Recheck> recheck_due(UnixSeconds now) const;

  // The live subscription is confirmed; `last` is the newest ticket then.
  void live_opened(Ticket last);
  // From here on nothing is known to arrive.
  void live_broken();
  bool live() const { return live_since_.has_value(); }

  // now: the wall time, not later than the steady clock says. last: the newest ticket at this moment. run_began_after:
  // the newest ticket when the run began.
  void claim(const Claim& claim, std::uint64_t largest_answer, UnixSeconds now, Ticket last, Ticket run_began_after);
  // Claims what the live subscription has covered by now.
  void claim_live(UnixSeconds now, Ticket last);
  // The tier's run ended complete, or the tier begins to count.
  void rechecked(std::size_t tier, UnixSeconds now, Ticket last);
  // An event of this filter could not be stored, but may be later: its second is not complete.
  void lost(UnixSeconds created_at, Ticket ticket, UnixSeconds now);

  // The wall clock has gone back to `now`: what was claimed about later seconds is taken back.
  void distrust(UnixSeconds now);

  // The value to write now, if there is something to write and nothing is being written. persisted() must follow.
  std::optional<std::string> begin_persist(Ticket settled_through);
  void persisted(bool ok);
  bool under_way() const { return writing_.has_value() || !pending_.empty(); }

  const Ledger& ledger() const { return durable_; }
  // Of what is wanted, but for the youngest seconds, which nobody may claim yet.
  Ledger::Summary summarize(UnixSeconds now) const;
  const Filter& filter() const { return filter_; }

 private:
  struct Pending {
    Interval range;
    Coverage state = Coverage::failed;
    Evidence evidence;
    Ticket wait_for = 0;  // settled before it counts
    Ticket began_after = 0;
    std::optional<std::size_t> recheck_tier;  // not a claim: sets the tier's time to evidence.checked_at
    bool forgets = false;                     // not a claim: takes back what was said about range
  };
  struct Lost {
    Interval range;
    Ticket ticket;
  };
  void apply(const Pending& pending, Ledger& ledger);
  void hold(Interval young);
  bool says_something(Interval range) const;
  void push(Interval range, Coverage state, Evidence evidence, Ticket wait_for, Ticket began_after);

  Filter filter_;
  CatchupOptions options_;
  Ledger durable_;
  std::optional<Ledger> writing_;
  bool write_in_flight_ = false;
  bool write_is_stale_ = false;  // the ledger has changed since the write in flight was encoded
  std::deque<Pending> pending_;
  std::deque<Lost> lost_;
  std::optional<Ticket> live_since_;
  std::vector<Interval> held_;  // proven, but too young to be claimed
};

}  // namespace pharos::router
