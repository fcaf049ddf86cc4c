// The `down` side of one upstream: the live subscription first, then catch-up below it, filter by filter, into the
// ledgers. Pure; one thread. Owned by UpstreamFsm, which knows whether there is a connection.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/action.h"
#include "router/catchup.h"
#include "router/ledger_book.h"
#include "router/options.h"
#include "util/backoff.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::router {

class Mirror {
 public:
  struct Counters {
    std::uint64_t novel = 0;
    std::uint64_t duplicate = 0;
    std::uint64_t refused = 0;
    std::uint64_t lost = 0;
    std::uint64_t non_conforming = 0;  // did not match what was asked
    std::uint64_t pages_complete = 0;  // answered, and gave evidence
    std::uint64_t pages_empty = 0;
    std::uint64_t pages_failed = 0;  // CLOSED, timed out or cut off by the end of the connection
  };

  // ledgers: one per filter, as they were persisted. clock and random outlive it.
  Mirror(std::vector<Filter> filters, std::vector<Ledger> ledgers, const CatchupOptions& catchup,
         const LinkOptions& link, const Clock& clock, Random& random);

  void opened(Actions& out);
  void connection_lost();
  // NIP-42 succeeded: what waited for it is asked again.
  void authenticated(Actions& out);

  // The connection is about to end over a message that was too large. When it belonged to a page, the event is stepped
  // around: the seconds in which it can be are narrowed down from one connection to the next, and the last one is
  // claimed as partial.
  void met_too_large(Actions& out);

  // True when the message was an answer to something we asked: progress.
  bool on_event(std::string_view subscription, storage::EventPtr event, Actions& out);
  // An EVENT came that could not be parsed; which answer it belonged to is unknown.
  void on_unreadable();
  bool on_eose(std::string_view subscription, bool finish, Actions& out);
  void on_closed(std::string_view subscription, std::string_view message, Actions& out);
  void on_verdict(Ticket ticket, const Event& event, Settled settled);
  void on_persisted(std::size_t filter, bool ok);

  // Deadlines, runs that are due, ledgers to write. To be called about every second and after a batch of verdicts.
  void tick(Actions& out);
  // Nothing is read while paused: deadlines wait.
  void resumed();

  std::size_t undecided() const { return tickets_.undecided(); }
  // Coverage was won on this connection that is more than the seconds that have passed since the last one.
  bool made_headway() const { return claimed_seconds_ >= kHeadway; }
  bool live() const { return live_state_ == LiveState::open; }
  bool waits_for_auth() const { return waits_for_auth_; }
  bool catching_up() const;
  const std::vector<LedgerBook>& books() const { return books_; }
  const Counters& counters() const { return counters_; }
  // What the relay last refused or left unanswered since the last call; "" when nothing.
  std::string take_refusal() { return std::exchange(last_refusal_, {}); }

 private:
  static constexpr std::uint64_t kHeadway = 3'600;
  enum class LiveState { off, asking, open, waiting };
  struct Run {
    Run(const Filter& base, std::vector<Interval> gaps, bool served_before, const CatchupOptions& options, Ticket last,
        std::optional<std::size_t> tier)
        : catchup(base, std::move(gaps), served_before, options), began_after(last), recheck_tier(tier) {}
    Catchup catchup;
    Ticket began_after;
    std::optional<std::size_t> recheck_tier;
    bool hunts = false;  // for the event that is too large
  };
  struct Request {
    std::size_t filter;
    Catchup::WalkId walk;
    Filter asked;         // without its window
    SteadyTime deadline;  // moves on with each event
    SteadyTime last_deadline;
    Interval range;  // in which what is still to come lies
    std::uint64_t max_events;
    std::uint64_t events = 0;
  };
  struct Live {
    std::string subscription;
    bool answered = false;
  };

  void ask_live(Actions& out);
  void live_ended(Actions& out);
  // Refused as it was: asked in another form next time.
  void change_live_form() { live_form_ = (live_form_ + 1) % (filters_.size() > 1 ? 4 : 2); }
  bool is_live(std::string_view subscription) const;
  void fail_page(const std::string& subscription, const char* reason, Actions& out);
  void end_runs(bool as_failed, Actions& out);
  void wait_for_auth();
  void begin_runs();
  void begin_run(std::size_t filter, std::vector<Interval> gaps, std::optional<std::size_t> tier);
  void end_hunt(std::size_t filter);
  std::vector<Interval> cut_by_oversize(std::size_t filter, const std::vector<Interval>& gaps) const;
  void pump(Actions& out);
  void collect(std::size_t filter, Actions& out);
  void persist(Actions& out);
  void take(storage::EventPtr event, Actions& out);
  bool wanted(const Event& event) const;
  UnixSeconds safe_now() const;
  void check_wall_clock(Actions& out);
  std::string next_subscription(char kind);

  std::vector<Filter> filters_;
  CatchupOptions options_;
  LinkOptions link_;
  const Clock& clock_;
  Random& random_;

  Tickets tickets_;
  std::vector<LedgerBook> books_;
  std::vector<std::unique_ptr<Run>> runs_;  // one per filter, null between runs
  std::vector<SteadyTime> recheck_not_before_;
  std::vector<std::optional<Interval>> oversize_;         // one per filter: holds the event that is too large
  bool one_at_a_time_ = false;                            // to learn which answer holds it
  std::map<std::string, Request, std::less<>> requests_;  // at most parallel_requests

  bool connected_ = false;
  LiveState live_state_ = LiveState::off;
  std::vector<Live> live_;  // one REQ with all filters, or one for each
  // Relays differ in what they take. Bit 0: by `since`, where limit 0 is refused. Bit 1: a REQ for each filter.
  unsigned live_form_ = 0;
  SteadyTime live_deadline_{};
  SteadyTime live_opened_at_{};
  UnixSeconds live_opened_unix_ = 0;
  Backoff live_backoff_;

  bool waits_for_auth_ = false;
  SteadyTime auth_deadline_{};
  SteadyTime hold_until_{};
  Backoff hold_backoff_;
  SteadyTime next_live_claim_{};
  UnixSeconds wall_seen_ = 0;          // the latest wall time seen
  bool claimed_something_ = false;     // on this connection
  std::uint64_t claimed_seconds_ = 0;  // on this connection
  std::uint64_t next_subscription_ = 1;
  Counters counters_;
  std::string last_refusal_;
};

}  // namespace pharos::router
