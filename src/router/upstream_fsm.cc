#include "router/upstream_fsm.h"

#include <algorithm>
#include <utility>

#include "util/printable.h"

namespace pharos::router {
namespace {
constexpr std::chrono::milliseconds kTick{500};

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string_view name_of(EventParseError error) {
  switch (error) {
    case EventParseError::not_json:
      return "not_json";
    case EventParseError::not_an_object:
      return "not_an_object";
    case EventParseError::missing_field:
      return "missing_field";
    case EventParseError::duplicate_field:
      return "duplicate_field";
    case EventParseError::bad_id:
      return "bad_id";
    case EventParseError::bad_pubkey:
      return "bad_pubkey";
    case EventParseError::bad_sig:
      return "bad_sig";
    case EventParseError::bad_created_at:
      return "bad_created_at";
    case EventParseError::bad_kind:
      return "bad_kind";
    case EventParseError::bad_tags:
      return "bad_tags";
    case EventParseError::bad_content:
      return "bad_content";
  }
  return "";
}

}  // namespace

UpstreamFsm::UpstreamFsm(Setup setup, const Clock& clock, Random& random)
    : upstream_(std::move(setup.upstream)),
      link_options_(setup.link),
      max_in_flight_(std::max<std::size_t>(setup.max_in_flight, 1)),
      clock_(clock),
      random_(random),
      auth_(upstream_.url, upstream_.auth ? std::move(setup.signer) : Signer{}),
      breaker_(setup.link.breaker),
      backoff_(setup.link.backoff) {
  if (upstream_.direction != Direction::up)
    mirror_ =
        std::make_unique<Mirror>(upstream_.filters, std::move(setup.ledgers), setup.catchup, setup.link, clock, random);
  if (upstream_.direction != Direction::down)
    publisher_ = std::make_unique<Publisher>(upstream_, setup.publisher, setup.own_key, std::move(setup.mark),
                                             setup.last_seq, clock);
}

// --- the connection ---

void UpstreamFsm::start(Actions& out) {
  if (link_ != Link::idle) return;
  next_tick_ = clock_.now();
  link_ = Link::waiting;
  next_dial_ = clock_.now();
  on_timer(out);
}

void UpstreamFsm::wait_to_dial() {
  const SteadyTime now = clock_.now();
  link_ = Link::waiting;
  next_dial_ = std::max(now + backoff_.next(random_), breaker_.allowed_at(now));
}

void UpstreamFsm::on_dialed(Actions& out) {
  if (link_ != Link::dialing) return;
  link_ = Link::open;
  opened_at_ = clock_.now();
  connected_since_ = clock_.unix_now();
  answered_ = false;
  progressed_ = false;
  paused_ = false;
  error_stands_ = false;
  auth_.reset();
  if (mirror_) mirror_->opened(out);
  if (publisher_) publisher_->opened(out);
  check_pressure(out);
}

void UpstreamFsm::on_dial_failed(std::string_view reason, Actions& out) {
  if (link_ == Link::dialing) ended(true, reason, out);
}

void UpstreamFsm::on_closed(std::string_view reason, Actions& out, End end) {
  if (link_ != Link::open) return;
  if (end == End::too_large && mirror_) mirror_->met_too_large(out);
  check_lasting(out);
  ended(!progressed_, reason, out);
}

void UpstreamFsm::ended(bool failure, std::string_view reason, Actions& out) {
  if (link_ == Link::open) {
    if (mirror_) mirror_->connection_lost();
    if (publisher_) publisher_->connection_lost(true, out);
  }
  connected_since_ = 0;
  paused_ = false;
  note_error(reason);
  if (failure) breaker_.failed(clock_.now());
  if (drain_until_) {
    link_ = Link::waiting;
    return finish_drain(out);
  }
  wait_to_dial();
  was_told_off_ = true;
  out.push_back(LogLine{log::Level::info, failure ? "upstream failed" : "upstream connection ended", last_error_});
}

void UpstreamFsm::progress() {
  progressed_ = true;
  backoff_.reset();
  breaker_.succeeded(clock_.now());
}

void UpstreamFsm::note_error(std::string_view text) {
  last_error_ = printable(text);
  last_error_at_ = clock_.unix_now();
  error_stands_ = true;
}

void UpstreamFsm::went_well(Actions& out) {
  error_stands_ = false;
  if ((!mirror_ || mirror_->live()) && std::exchange(was_told_off_, false))
    out.push_back(LogLine{log::Level::info, "upstream works again", ""});
}

bool UpstreamFsm::note_refusal() {
  const std::string refusal = mirror_->take_refusal();
  if (refusal.empty()) return false;
  note_error(refusal);
  // Of a page it is told nowhere.
  if (!mirror_->live()) was_told_off_ = true;
  return true;
}

void UpstreamFsm::check_lasting(Actions& out) {
  if (progressed_ || clock_.now() - opened_at_ < link_options_.lasting) return;
  // Where there was nothing to ask, a connection that lasts is all that can be expected.
  if (!answered_ && (mirror_ || !publisher_->idle())) return;
  do {
    progress();
  } while (breaker_.state(clock_.now()) != Breaker::State::closed);
  if (!mirror_ && !error_stands_) went_well(out);
}

// --- messages ---

void UpstreamFsm::on_message(RelayMessage&& message, Actions& out) {
  if (link_ != Link::open) return;
  std::visit(Overloaded{
                 [&](EventReply& reply) { on_event(std::move(reply), out); },
                 [&](OkReply& reply) { on_ok(reply, out); },
                 [&](EoseReply& reply) {
                   if (!mirror_ || !mirror_->on_eose(reply.subscription, reply.finish, out)) return;
                   answered_ = true;
                   if (!note_refusal()) went_well(out);
                   if (mirror_->made_headway() && !progressed_) progress();
                 },
                 [&](ClosedReply& reply) {
                   if (!mirror_) return;
                   mirror_->on_closed(reply.subscription, reply.message, out);
                   note_refusal();
                 },
                 [&](NoticeReply& reply) {
                   out.push_back(LogLine{log::Level::debug, "notice from upstream", printable(reply.message)});
                 },
                 [&](AuthReply& reply) {
                   if (auto event = auth_.on_challenge(reply.challenge, clock_.unix_now()))
                     out.push_back(SendAuth{std::move(*event)});
                 },
                 [](NegMessageReply&) {},
                 [](NegErrReply&) {},
                 [](UnknownReply&) {},
             },
             message);
}

void UpstreamFsm::on_event(EventReply&& reply, Actions& out) {
  if (!mirror_ || drain_until_) return;
  last_event_ = clock_.unix_now();
  const auto event = std::make_shared<const Event>(std::move(reply.event));
  const bool was_asked_for = mirror_->on_event(reply.subscription, event, out);
  if (was_asked_for) answered_ = true;
  if (!note_refusal() && was_asked_for) went_well(out);
  check_pressure(out);
}

void UpstreamFsm::on_ok(const OkReply& reply, Actions& out) {
  switch (auth_.on_ok(reply.id, reply.accepted)) {
    case ClientAuth::Outcome::accepted:
      if (mirror_) mirror_->authenticated(out);
      if (publisher_) publisher_->authenticated(out);
      return;
    case ClientAuth::Outcome::refused:
      note_error("AUTH refused: " + reply.message);
      was_told_off_ = true;
      out.push_back(LogLine{log::Level::warn, "upstream refused our AUTH", printable(reply.message)});
      return;
    case ClientAuth::Outcome::not_ours:
      break;
  }
  if (!publisher_) return;
  // That it takes events does not make up for what it refuses to give.
  if (!mirror_ && reply.accepted) went_well(out);
  const Publisher::Counters before = publisher_->counters();
  if (!publisher_->on_ok(reply.id, reply.accepted, reply.message, out)) return;
  answered_ = true;
  if (publisher_->counters().settled() > before.settled()) progress();
}

void UpstreamFsm::on_bad_message(const RelayMessageError& error, Actions&) {
  if (link_ != Link::open || !error.event_error) return;
  ++unparsable_;
  count_invalid(name_of(*error.event_error));
  if (mirror_) mirror_->on_unreadable();
}

void UpstreamFsm::count_invalid(std::string_view reason) {
  const auto found = std::find_if(invalid_reasons_.begin(), invalid_reasons_.end(),
                                  [reason](const auto& entry) { return entry.first == reason; });
  if (found != invalid_reasons_.end())
    ++found->second;
  else
    invalid_reasons_.emplace_back(reason, 1);
}

// --- the store ---

void UpstreamFsm::on_verdict(const Submit& submitted, Settled settled, std::string_view refused, Actions& out) {
  if (!mirror_) return;
  if (settled == Settled::refused || settled == Settled::early) count_invalid(refused);
  mirror_->on_verdict(submitted.ticket, *submitted.event, settled);
  if (settled == Settled::novel && link_ == Link::open) progress();
  check_pressure(out);
}

// Stops reading while too many events wait for their verdict, so that TCP slows the relay down.
void UpstreamFsm::check_pressure(Actions& out) {
  if (!mirror_ || link_ != Link::open) return;
  if (!paused_ && mirror_->undecided() >= max_in_flight_) {
    paused_ = true;
    out.push_back(PauseReading{});
  } else if (paused_ && mirror_->undecided() <= max_in_flight_ / 2) {
    paused_ = false;
    mirror_->resumed();
    out.push_back(ResumeReading{});
  }
}

void UpstreamFsm::on_ledger_persisted(std::size_t filter, bool ok) {
  if (mirror_) mirror_->on_persisted(filter, ok);
}

void UpstreamFsm::on_cursor_persisted(bool ok, Actions& out) {
  if (publisher_) publisher_->on_cursor_persisted(ok);
  if (ok && drain_until_ && link_ != Link::stopped) finish_drain(out);
}

void UpstreamFsm::on_outbox(std::vector<Publisher::Item> items, storage::Seq examined_through, Actions& out) {
  if (publisher_) publisher_->on_outbox(std::move(items), examined_through, out);
}

void UpstreamFsm::on_outbox_failed() {
  if (publisher_) publisher_->on_outbox_failed();
}

void UpstreamFsm::on_brought(storage::Seq first, storage::Seq last) {
  if (publisher_) publisher_->brought(first, last);
}

void UpstreamFsm::on_stored(storage::Seq last_seq, Actions& out) {
  if (publisher_ && !drain_until_) publisher_->stored(last_seq, out);
}

void UpstreamFsm::on_ephemeral(const storage::EventPtr& event, Actions& out) {
  if (publisher_ && !drain_until_ && link_ == Link::open) publisher_->ephemeral(event, out);
}

// --- time ---

std::optional<SteadyTime> UpstreamFsm::deadline() const {
  if (link_ == Link::idle || link_ == Link::stopped) return std::nullopt;
  SteadyTime next = next_tick_;
  if (link_ == Link::waiting && !drain_until_) next = std::min(next, next_dial_);
  if (drain_until_) next = std::min(next, *drain_until_);
  return next;
}

void UpstreamFsm::on_timer(Actions& out) {
  if (link_ == Link::idle || link_ == Link::stopped) return;
  const SteadyTime now = clock_.now();
  if (now >= next_tick_) {
    next_tick_ = now + kTick;
    if (mirror_ && !paused_) {
      mirror_->tick(out);
      note_refusal();
    }
    if (publisher_) publisher_->tick(out);
  }
  if (drain_until_) return finish_drain(out);
  if (link_ == Link::waiting && now >= next_dial_) {
    link_ = Link::dialing;
    out.push_back(Dial{});
  } else if (link_ == Link::open && !answered_ && mirror_ && !paused_ &&
             now - opened_at_ >= link_options_.silence_timeout) {
    out.push_back(HangUp{"silent"});
    ended(true, "the relay accepts connections but answers nothing", out);
  } else if (link_ == Link::open) {
    check_lasting(out);
  }
}

void UpstreamFsm::drain(Actions& out) {
  if (link_ == Link::stopped || drain_until_) return;
  drain_until_ = clock_.now() + link_options_.drain_timeout;
  if (link_ == Link::dialing) {
    out.push_back(HangUp{"stopping"});
    link_ = Link::waiting;
  }
  if (link_ == Link::open && mirror_) {
    mirror_->connection_lost();
    // Only OKs are still of interest.
    const bool reads_on = publisher_ && !publisher_->idle();
    if (paused_ && reads_on) out.push_back(ResumeReading{});
    if (!paused_ && !reads_on) out.push_back(PauseReading{});
    paused_ = false;
  }
  next_tick_ = clock_.now();
  on_timer(out);
}

void UpstreamFsm::finish_drain(Actions& out) {
  const bool settled = (!mirror_ || (mirror_->undecided() == 0 &&
                                     std::none_of(mirror_->books().begin(), mirror_->books().end(),
                                                  [](const LedgerBook& book) { return book.under_way(); }))) &&
                       (!publisher_ || link_ != Link::open || publisher_->idle());
  if (!settled && clock_.now() < *drain_until_) return;
  if (link_ == Link::open) {
    if (publisher_) publisher_->connection_lost(false, out);
    out.push_back(HangUp{"stopping"});
    link_ = Link::waiting;
    connected_since_ = 0;
  }
  if (publisher_) publisher_->save(out);
  // The next of this URL begins with what is written here.
  if (publisher_ && publisher_->saving() && clock_.now() < *drain_until_) return;
  connected_since_ = 0;
  link_ = Link::stopped;
}

// --- what it tells ---

UpstreamState UpstreamFsm::state() const {
  if (!upstream_.enabled) return UpstreamState::disabled;
  if (drain_until_ && link_ != Link::stopped) return UpstreamState::draining;
  switch (link_) {
    case Link::idle:
    case Link::stopped:
      return UpstreamState::stopped;
    case Link::waiting:
      return UpstreamState::waiting;
    case Link::dialing:
      return UpstreamState::dialing;
    case Link::open:
      break;
  }
  if (!mirror_) return UpstreamState::live;
  if (!mirror_->live()) return UpstreamState::connecting;
  return mirror_->catching_up() ? UpstreamState::catching_up : UpstreamState::live;
}

void UpstreamFsm::fill_status(UpstreamStatus& status) const {
  const SteadyTime now = clock_.now();
  status.name = upstream_.name;
  status.url = upstream_.url.text();
  status.direction = upstream_.direction;
  status.state = state();
  status.breaker = name(breaker_.state(now));
  status.retries = backoff_.attempts();
  status.connected_since = connected_since_;
  status.last_event = last_event_;
  status.last_error = last_error_;
  status.last_error_at = last_error_at_;
  status.error_stands = error_stands_;
  if (link_ == Link::waiting && !drain_until_)
    status.next_retry = clock_.unix_now() + std::chrono::duration_cast<std::chrono::seconds>(next_dial_ - now).count();
  if (mirror_) {
    const Mirror::Counters& counters = mirror_->counters();
    status.novel = counters.novel;
    status.duplicate = counters.duplicate;
    status.invalid = counters.refused + unparsable_;
    status.lost = counters.lost;
    status.non_conforming = counters.non_conforming;
    status.pages_complete = counters.pages_complete;
    status.pages_empty = counters.pages_empty;
    status.pages_failed = counters.pages_failed;
    status.in_flight = mirror_->undecided();
    for (const LedgerBook& book : mirror_->books()) {
      LedgerStatus ledger;
      append_filter_json(ledger.filter, book.filter());
      ledger.summary = book.summarize(clock_.unix_now());
      const Interval wanted = ledger.summary.target;
      if (!wanted.empty())
        ledger.complete_share =
            static_cast<double>(ledger.summary.complete_seconds) / static_cast<double>(wanted.seconds());
      for (const LedgerEntry& entry : book.ledger().entries()) {
        if (entry.state == Coverage::complete) ledger.newest_complete = entry.range;
      }
      ledger.coalesced = book.ledger().coalesced();
      status.ledgers.push_back(std::move(ledger));
    }
  }
  status.invalid_reasons = invalid_reasons_;
  if (publisher_) {
    const Publisher::Counters& counters = publisher_->counters();
    status.sent_accepted = counters.accepted;
    status.sent_duplicate = counters.duplicate;
    status.sent_refused = counters.refused_total();
    status.sent_retries = counters.retries;
    for (std::size_t i = 0; i < Publisher::kRefusals; ++i) {
      if (counters.refused[i] > 0)
        status.sent_refusals.emplace_back(Publisher::name(static_cast<Publisher::Refusal>(i)), counters.refused[i]);
    }
    for (const Publisher::Refused& refused : publisher_->last_refused())
      status.last_refused.push_back(
          {refused.id.hex(), refused.at, std::string(Publisher::name(refused.refusal)), refused.text});
    status.backlog = publisher_->backlog();
  }
}

}  // namespace pharos::router
