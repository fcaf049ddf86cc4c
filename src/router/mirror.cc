#include "router/mirror.h"

#include <algorithm>
#include <utility>

namespace pharos::router {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

// An event this young that comes out of order inside an answer reached the relay while it answered.
constexpr UnixSeconds kJustArrived = 60;
constexpr UnixSeconds kOversizeParts = 64;
// Of a page while the event that is too large is looked for: no answer should hold it but the one that asks for it.
constexpr std::size_t kHuntLimit = 16;
// A wall clock that goes back by more than this was ahead before; less is the usual slewing.
constexpr UnixSeconds kStepBack = 5;

bool has_prefix(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

}  // namespace

Mirror::Mirror(std::vector<Filter> filters, std::vector<Ledger> ledgers, const CatchupOptions& catchup,
               const LinkOptions& link, const Clock& clock, Random& random)
    : filters_(std::move(filters)),
      options_(catchup),
      link_(link),
      clock_(clock),
      random_(random),
      live_backoff_(link.backoff),
      hold_backoff_(link.backoff) {
  wall_seen_ = clock_.unix_now();
  for (Filter& filter : filters_) filter.limit.reset();
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    Ledger ledger = i < ledgers.size() ? std::move(ledgers[i]) : Ledger(options_.max_ledger_entries);
    // A ledger that reaches into the future was written while the wall clock was ahead.
    ledger.distrust(wall_seen_ - options_.late_margin.count(), wall_seen_);
    books_.emplace_back(filters_[i], std::move(ledger), options_);
  }
  runs_.resize(filters_.size());
  oversize_.resize(filters_.size());
  recheck_not_before_.resize(filters_.size());
}

std::string Mirror::next_subscription(char kind) { return kind + std::to_string(next_subscription_++); }

bool Mirror::wanted(const Event& event) const {
  return std::any_of(filters_.begin(), filters_.end(), [&event](const Filter& f) { return matches(f, event); });
}

bool Mirror::catching_up() const {
  return std::any_of(runs_.begin(), runs_.end(), [](const std::unique_ptr<Run>& run) { return run != nullptr; });
}

// The wall clock, distrusted when it runs ahead of the steady one: coverage must not reach into time that was not
// lived.
UnixSeconds Mirror::safe_now() const {
  const UnixSeconds now = clock_.unix_now();
  if (live_state_ != LiveState::open) return now;
  return std::min(now, live_opened_unix_ + duration_cast<seconds>(clock_.now() - live_opened_at_).count());
}

// Seconds that were claimed while the clock was ahead have yet to be lived. The live subscription is opened anew: where
// its own coverage begins was noted by the wrong clock.
void Mirror::check_wall_clock(Actions& out) {
  const UnixSeconds now = clock_.unix_now();
  const bool stepped_back = now < wall_seen_ - kStepBack;
  wall_seen_ = stepped_back ? now : std::max(now, wall_seen_);
  if (!stepped_back) return;
  out.push_back(LogLine{log::Level::warn, "the wall clock went back, later claims are taken back", ""});
  if (live_state_ == LiveState::open || live_state_ == LiveState::asking) {
    live_ended(out);
  }
  for (LedgerBook& book : books_) book.distrust(now);
}

// --- the live subscription ---

void Mirror::opened(Actions& out) {
  connected_ = true;
  claimed_something_ = false;
  claimed_seconds_ = 0;
  waits_for_auth_ = false;
  hold_until_ = {};
  hold_backoff_.reset();
  live_backoff_.reset();
  ask_live(out);
}

void Mirror::ask_live(Actions& out) {
  live_.clear();
  live_state_ = LiveState::asking;
  live_deadline_ = clock_.now() + link_.live_timeout;
  std::vector<Filter> asked;
  const auto send = [&] {
    live_.push_back({next_subscription('l')});
    out.push_back(SendReq{live_.back().subscription, std::exchange(asked, {})});
  };
  for (const Filter& filter : filters_) {
    Filter live = without_window(filter);
    // Without a lower bound the relay also tells what reaches it late.
    if ((live_form_ & 1U) != 0)
      live.since = clock_.unix_now() - options_.late_margin.count();
    else
      live.limit = 0;
    asked.push_back(std::move(live));
    if ((live_form_ & 2U) != 0) send();
  }
  if (!asked.empty()) send();
}

bool Mirror::is_live(std::string_view subscription) const {
  return std::any_of(live_.begin(), live_.end(), [&](const Live& live) { return live.subscription == subscription; });
}

// Runs end with it: what their answers prove about young seconds rests on the live subscription.
void Mirror::live_ended(Actions& out) {
  live_state_ = LiveState::waiting;
  for (const Live& live : live_) out.push_back(SendClose{live.subscription});
  live_.clear();
  live_deadline_ = clock_.now() + live_backoff_.next(random_);
  for (LedgerBook& book : books_) book.live_broken();
  for (const auto& [subscription, request] : requests_) out.push_back(SendClose{subscription});
  end_runs(false, out);
}

void Mirror::end_runs(bool as_failed, Actions& out) {
  counters_.pages_failed += requests_.size();
  requests_.clear();
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (!runs_[i]) continue;
    runs_[i]->catchup.abort(as_failed);
    collect(i, out);
  }
}

void Mirror::wait_for_auth() {
  if (!waits_for_auth_) auth_deadline_ = clock_.now() + link_.live_timeout;
  waits_for_auth_ = true;
}

void Mirror::authenticated(Actions& out) {
  if (!connected_ || !waits_for_auth_) return;
  waits_for_auth_ = false;
  if (live_state_ == LiveState::waiting) ask_live(out);
  pump(out);
}

void Mirror::connection_lost() {
  connected_ = false;
  live_state_ = LiveState::off;
  live_.clear();
  waits_for_auth_ = false;
  for (LedgerBook& book : books_) book.live_broken();
  Actions none;
  // A connection that brought nothing forward must not be tried again at full speed.
  end_runs(!claimed_something_, none);
}

// --- answers ---

void Mirror::take(storage::EventPtr event, Actions& out) { out.push_back(Submit{tickets_.issue(), std::move(event)}); }

bool Mirror::on_event(std::string_view subscription, storage::EventPtr event, Actions& out) {
  const auto found = requests_.find(subscription);
  if (found != requests_.end()) {
    Request& request = found->second;
    if (++request.events > request.max_events) {
      fail_page(found->first, "far more events in a page than were asked for", out);
      pump(out);
      return false;
    }
    request.deadline = std::min(clock_.now() + options_.page_timeout, request.last_deadline);
    Run& run = *runs_[request.filter];
    if (!matches(request.asked, *event)) {
      ++counters_.non_conforming;
      run.catchup.on_foreign(request.walk);
      return false;
    }
    request.range.to = std::min(request.range.to, event->created_at);
    run.catchup.on_event(request.walk, *event, clock_.unix_now() - kJustArrived);
    // A question that only teaches about the relay may bring what is not wanted.
    if (wanted(*event)) take(std::move(event), out);
    return true;
  }
  // The live subscription, or one that has just been closed.
  if (!wanted(*event)) {
    if (!is_live(subscription) || std::none_of(filters_.begin(), filters_.end(), [&](const Filter& filter) {
          return matches(without_window(filter), *event);
        }))
      ++counters_.non_conforming;
    return false;
  }
  take(std::move(event), out);
  return true;
}

void Mirror::on_unreadable() {
  for (const auto& [subscription, request] : requests_) runs_[request.filter]->catchup.on_unreadable(request.walk);
}

bool Mirror::on_eose(std::string_view subscription, bool finish, Actions& out) {
  if (is_live(subscription)) {
    if (live_state_ != LiveState::asking) return false;
    bool all = true;
    for (Live& live : live_) {
      live.answered = live.answered || live.subscription == subscription;
      all = all && live.answered;
    }
    if (!all) return true;
    live_state_ = LiveState::open;
    live_opened_at_ = clock_.now();
    live_opened_unix_ = clock_.unix_now();
    next_live_claim_ = clock_.now() + options_.persist_every;
    live_backoff_.reset();
    for (LedgerBook& book : books_) book.live_opened(tickets_.last());
    begin_runs();
    pump(out);
    return true;
  }
  const auto found = requests_.find(subscription);
  if (found == requests_.end()) return false;
  const Request request = std::move(found->second);
  requests_.erase(found);
  out.push_back(SendClose{std::string(subscription)});
  ++(request.events > 0 ? counters_.pages_complete : counters_.pages_empty);
  hold_backoff_.reset();
  runs_[request.filter]->catchup.on_eose(request.walk, finish);
  collect(request.filter, out);
  pump(out);
  return true;
}

// CLOSED is a state, not an end: what was asked waits for AUTH or for its time, or has failed.
void Mirror::on_closed(std::string_view subscription, std::string_view message, Actions& out) {
  const bool auth = has_prefix(message, "auth-required:");
  const bool busy = has_prefix(message, "rate-limited:");
  if (is_live(subscription)) {
    last_refusal_ = message;
    if (!auth && !busy && live_state_ == LiveState::asking) change_live_form();
    if (auth) wait_for_auth();
    std::erase_if(live_, [&](const Live& live) { return live.subscription == subscription; });
    live_ended(out);
    out.push_back(LogLine{log::Level::info, "upstream closed the live subscription", std::string(message)});
    return;
  }
  const auto found = requests_.find(subscription);
  if (found == requests_.end()) return;
  last_refusal_ = message;
  const Request request = std::move(found->second);
  requests_.erase(found);
  Catchup& catchup = runs_[request.filter]->catchup;
  if (auth || busy) {
    if (auth) wait_for_auth();
    catchup.slow_down();
    hold_until_ = clock_.now() + hold_backoff_.next(random_);
    catchup.hold(request.walk);
    return;
  }
  ++counters_.pages_failed;
  catchup.slow_down();
  catchup.fail(request.walk);
  collect(request.filter, out);
  pump(out);
}

void Mirror::fail_page(const std::string& subscription, const char* reason, Actions& out) {
  const auto found = requests_.find(subscription);
  if (found == requests_.end()) return;
  const Request request = std::move(found->second);
  out.push_back(SendClose{found->first});
  out.push_back(LogLine{log::Level::info, "a page of the past was given up", reason});
  requests_.erase(found);
  ++counters_.pages_failed;
  last_refusal_ = reason;
  runs_[request.filter]->catchup.slow_down();
  runs_[request.filter]->catchup.fail(request.walk);
  collect(request.filter, out);
}

void Mirror::met_too_large(Actions& out) {
  last_refusal_ = "a message was larger than router.max_message_bytes";
  if (requests_.size() > 1) one_at_a_time_ = true;
  if (requests_.size() != 1) return;
  const Request& request = requests_.begin()->second;
  const Run& run = *runs_[request.filter];
  if (run.recheck_tier) {
    recheck_not_before_[request.filter] = clock_.now() + options_.failed_retry_cap;
    return;
  }
  std::optional<Interval>& oversize = oversize_[request.filter];
  one_at_a_time_ = true;
  Interval range = request.range;
  if (run.hunts) range = intersect(range, *oversize);
  const bool narrowed = !run.hunts || range.seconds() < oversize->seconds();
  oversize = range;
  if (narrowed && range.from < range.to) return;
  out.push_back(LogLine{log::Level::warn, "an event is larger than router.max_message_bytes and is stepped around",
                        "created_at " + std::to_string(range.from) + " to " + std::to_string(range.to)});
  books_[request.filter].claim({range, Coverage::partial, 0}, 0, safe_now(), tickets_.last(), run.began_after);
  end_hunt(request.filter);
}

void Mirror::end_hunt(std::size_t filter) {
  oversize_[filter].reset();
  one_at_a_time_ = false;
}

// The part of the gaps that holds the event that is too large, cut so that each lost connection leaves a small part of
// it. Newest first.
std::vector<Interval> Mirror::cut_by_oversize(std::size_t filter, const std::vector<Interval>& gaps) const {
  std::vector<Interval> out;
  for (const Interval& gap : gaps) {
    const Interval inside = intersect(gap, *oversize_[filter]);
    if (inside.empty()) continue;
    const UnixSeconds step = (inside.to - inside.from) / kOversizeParts + 1;
    for (UnixSeconds to = inside.to; to >= inside.from; to -= step)
      out.push_back({std::max(inside.from, to - step + 1), to});
  }
  return out;
}

void Mirror::on_verdict(Ticket ticket, const Event& event, Settled settled) {
  switch (settled) {
    case Settled::novel:
      ++counters_.novel;
      break;
    case Settled::duplicate:
      ++counters_.duplicate;
      break;
    case Settled::refused:
      ++counters_.refused;
      break;
    case Settled::early:
    case Settled::lost:
      ++(settled == Settled::lost ? counters_.lost : counters_.refused);
      for (LedgerBook& book : books_) {
        if (matches(book.filter(), event)) book.lost(event.created_at, ticket, clock_.unix_now());
      }
      break;
  }
  tickets_.settle(ticket);
}

void Mirror::on_persisted(std::size_t filter, bool ok) {
  if (filter < books_.size()) books_[filter].persisted(ok);
}

// --- catch-up ---

void Mirror::begin_runs() {
  if (live_state_ != LiveState::open) return;
  for (std::size_t i = 0; i < books_.size(); ++i) {
    if (runs_[i]) continue;
    LedgerBook& book = books_[i];
    const UnixSeconds now = clock_.unix_now();
    std::vector<Interval> gaps = book.due(now);
    if (!gaps.empty()) {
      begin_run(i, std::move(gaps), std::nullopt);
    } else if (!book.under_way() && clock_.now() >= recheck_not_before_[i]) {
      if (auto recheck = book.recheck_due(now)) begin_run(i, std::move(recheck->gaps), recheck->tier);
    }
  }
}

void Mirror::begin_run(std::size_t filter, std::vector<Interval> gaps, std::optional<std::size_t> tier) {
  LedgerBook& book = books_[filter];
  std::vector<Interval> parts;
  if (oversize_[filter] && !tier) parts = cut_by_oversize(filter, gaps);
  const bool hunts = !parts.empty();
  CatchupOptions options = options_;
  if (hunts) options.page_limit = std::min(options.page_limit, kHuntLimit);
  runs_[filter] = std::make_unique<Run>(without_window(filters_[filter]), hunts ? std::move(parts) : std::move(gaps),
                                        book.ledger().ever_served(), options, tickets_.last(), tier);
  runs_[filter]->hunts = hunts;
  if (hunts) runs_[filter]->catchup.slow_down();
}

void Mirror::pump(Actions& out) {
  if (!connected_ || waits_for_auth_ || clock_.now() < hold_until_) return;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    while (runs_[i] && requests_.size() < (one_at_a_time_ ? 1 : options_.parallel_requests)) {
      auto next = runs_[i]->catchup.next();
      if (!next) break;
      const std::string subscription = next_subscription('c');
      const SteadyTime now = clock_.now();
      const Interval range{next->filter.since.value_or(0), next->filter.until.value_or(kMaxCreatedAt)};
      const std::uint64_t limit = next->filter.limit.value_or(options_.page_limit);
      requests_[subscription] =
          Request{i,
                  next->walk,
                  without_window(next->filter),
                  now + options_.page_timeout,
                  now + options_.page_deadline,
                  range,
                  std::max<std::uint64_t>(options_.max_answer_factor * limit, options_.max_page_limit)};
      out.push_back(SendReq{subscription, {std::move(next->filter)}});
    }
  }
}

// Moves what a run has found out to its book, and ends the run when it is through.
void Mirror::collect(std::size_t filter, Actions& out) {
  Run& run = *runs_[filter];
  LedgerBook& book = books_[filter];
  const UnixSeconds now = safe_now();
  for (const Claim& claim : run.catchup.take_claims()) {
    // A re-check that did not get through takes nothing back.
    if (run.recheck_tier && claim.state != Coverage::complete && claim.state != Coverage::suspect) continue;
    if (claim.state == Coverage::complete) {
      claimed_something_ = true;
      claimed_seconds_ += intersect(claim.range, {0, now - options_.late_margin.count()}).seconds();
    }
    book.claim(claim, run.catchup.proof().largest(), now, tickets_.last(), run.began_after);
  }
  if (!run.catchup.finished()) return;
  // The event is gone when everything could be read. A lost connection ends the run otherwise.
  if (run.hunts && run.catchup.all_complete()) end_hunt(filter);
  if (*run.catchup.fault() != '\0') {
    last_refusal_ = run.catchup.fault();
    out.push_back(LogLine{log::Level::warn, "upstream is not to be trusted about the past", run.catchup.fault()});
    std::erase_if(requests_, [&](const auto& entry) {
      if (entry.second.filter != filter) return false;
      out.push_back(SendClose{entry.first});
      return true;
    });
  }
  if (run.recheck_tier) {
    if (run.catchup.all_complete())
      book.rechecked(*run.recheck_tier, now, tickets_.last());
    else
      recheck_not_before_[filter] = clock_.now() + options_.failed_retry_cap;
  } else {
    // The tiers count from the first catch-up on.
    for (std::size_t tier = 0; tier < std::min(options_.rechecks.size(), kMaxRecheckTiers); ++tier) {
      if (book.ledger().rechecked_at(tier) == 0) book.rechecked(tier, now, tickets_.last());
    }
  }
  runs_[filter].reset();
}

void Mirror::resumed() {
  for (auto& [subscription, request] : requests_) {
    request.deadline = clock_.now() + options_.page_timeout;
    request.last_deadline = clock_.now() + options_.page_deadline;
  }
  // What came before the pause is still on its way in.
  next_live_claim_ = clock_.now() + options_.persist_every;
  if (live_state_ == LiveState::asking) live_deadline_ = clock_.now() + link_.live_timeout;
}

void Mirror::persist(Actions& out) {
  for (std::size_t i = 0; i < books_.size(); ++i) {
    if (auto value = books_[i].begin_persist(tickets_.settled_through()))
      out.push_back(PersistLedger{i, std::move(*value)});
  }
}

void Mirror::tick(Actions& out) {
  const SteadyTime now = clock_.now();
  check_wall_clock(out);
  if (connected_) {
    // Not every relay that wants AUTH sends a challenge, and not every answer is accepted.
    if (waits_for_auth_ && now >= auth_deadline_) waits_for_auth_ = false;
    if (live_state_ == LiveState::asking && now >= live_deadline_) {
      last_refusal_ = "no EOSE on the live subscription";
      out.push_back(LogLine{log::Level::info, "upstream left the live subscription unanswered", ""});
      change_live_form();
      live_ended(out);
    } else if (live_state_ == LiveState::waiting && now >= live_deadline_ && !waits_for_auth_) {
      ask_live(out);
    }
    std::vector<std::string> late;
    for (const auto& [subscription, request] : requests_) {
      if (now >= request.deadline) late.push_back(subscription);
    }
    for (const std::string& subscription : late) fail_page(subscription, "no answer to a page within its time", out);
    if (live_state_ == LiveState::open && now >= next_live_claim_) {
      next_live_claim_ = now + options_.persist_every;
      for (LedgerBook& book : books_) book.claim_live(safe_now(), tickets_.last());
    }
    begin_runs();
    pump(out);
  }
  persist(out);
}

}  // namespace pharos::router
