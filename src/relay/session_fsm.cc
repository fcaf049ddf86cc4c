#include "relay/session_fsm.h"

#include <algorithm>

#include "net/ws_frame.h"
#include "nostr/kind.h"
#include "relay/access.h"
#include "relay/replies.h"
#include "relay/search.h"

namespace pharos::relay {
namespace {

using metrics::cell;
using metrics::RelayMetrics;

RelayMetrics::Received verb_of(const ClientMessage& message) {
  struct Visitor {
    RelayMetrics::Received operator()(const EventCommand&) const { return RelayMetrics::Received::event; }
    RelayMetrics::Received operator()(const ReqCommand&) const { return RelayMetrics::Received::req; }
    RelayMetrics::Received operator()(const CountCommand&) const { return RelayMetrics::Received::count; }
    RelayMetrics::Received operator()(const CloseCommand&) const { return RelayMetrics::Received::close; }
    RelayMetrics::Received operator()(const AuthCommand&) const { return RelayMetrics::Received::auth; }
    RelayMetrics::Received operator()(const NegOpenCommand&) const { return RelayMetrics::Received::neg; }
    RelayMetrics::Received operator()(const NegMessageCommand&) const { return RelayMetrics::Received::neg; }
    RelayMetrics::Received operator()(const NegCloseCommand&) const { return RelayMetrics::Received::neg; }
  };
  return std::visit(Visitor{}, message);
}

RelayMetrics::Auth label_of(AuthResult result) {
  switch (result) {
    case AuthResult::ok:
      return RelayMetrics::Auth::ok;
    case AuthResult::wrong_time:
      return RelayMetrics::Auth::expired;
    case AuthResult::wrong_challenge:
      return RelayMetrics::Auth::challenge;
    case AuthResult::wrong_relay:
      return RelayMetrics::Auth::relay;
    case AuthResult::wrong_kind:
    case AuthResult::invalid:
      return RelayMetrics::Auth::invalid;
    case AuthResult::too_many_keys:
    case AuthResult::too_many_attempts:
      return RelayMetrics::Auth::limit;
  }
  return RelayMetrics::Auth::invalid;
}

// Of its kind, that is: the rest of the filter is looked at when there is one.
bool asks_for_invite(const std::vector<Filter>& filters) {
  return std::ranges::any_of(filters, [](const Filter& filter) {
    return filter.kinds && std::ranges::binary_search(*filter.kinds, kind::kInvite);
  });
}

std::size_t values_of(const Subscription* subscription) { return subscription == nullptr ? 0 : subscription->values; }

// No filter asks for a stored event, so EOSE can follow at once.
bool wants_nothing_stored(const std::vector<Filter>& filters) {
  return std::all_of(filters.begin(), filters.end(),
                     [](const Filter& filter) { return matches_nothing(filter) || filter.limit == std::size_t{0}; });
}

}  // namespace

SessionFsm::SessionFsm(std::shared_ptr<const Options> options, std::shared_ptr<const OwnUrls> own, const Clock& clock,
                       std::string challenge, bool eose_hint, const metrics::RelayMetrics& metrics, EventPool& events,
                       ClientRates& rates)
    : options_(std::move(options)),
      own_(std::move(own)),
      clock_(clock),
      eose_hint_(eose_hint),
      metrics_(metrics),
      events_(events),
      rates_(rates),
      auth_(std::move(challenge), options_->limits.max_auth_keys, options_->limits.max_auth_attempts) {}

SessionFsm::~SessionFsm() {
  metrics_.subscriptions.add(-static_cast<std::int64_t>(subscriptions_.size()));
  cell(metrics_.subscriptions_ended, Ended::disconnect).add(subscriptions_.size());
  metrics_.neg_sessions.add(-static_cast<std::int64_t>(negotiations_.size()));
  cell(metrics_.neg_ended, NegEnded::disconnect).add(negotiations_.size());
}

void SessionFsm::send(Sent verb, std::string text, Actions& out) const {
  cell(metrics_.messages_sent, verb).add();
  out.emplace_back(action::Send{std::move(text)});
}

void SessionFsm::on_open(Actions& out) { send(Sent::auth, challenge_message(auth_.challenge()), out); }

void SessionFsm::on_message(std::string_view text, Actions& out) {
  const Limits& limits = options_->limits;
  auto parsed = parse_client_message(text, {limits.max_filters, limits.max_subscription_id, limits.max_filter_values},
                                     events_.scratch());
  if (!parsed) {
    cell(metrics_.messages_received, RelayMetrics::Received::invalid).add();
    on_bad_message(parsed.error(), out);
    return;
  }
  cell(metrics_.messages_received, verb_of(parsed.value())).add();
  std::visit([&](auto& command) { handle(command, out); }, parsed.value());
}

void SessionFsm::on_bad_message(const ClientMessageError& error, Actions& out) {
  switch (error.refusal) {
    case Refusal::ok_false:
      if (const std::string excess = event_excess(out); !excess.empty()) {
        return send(Sent::ok, refusal_reply(error.subject, excess), out);
      }
      out.emplace_back(action::CountRefused{ingest::Reason::invalid_event});
      send(Sent::ok, refusal_reply(error.subject, error.reason), out);
      return;
    case Refusal::auth_ok_false:
      cell(metrics_.auth_attempts, RelayMetrics::Auth::invalid).add();
      send(Sent::ok, refusal_reply(error.subject, error.reason), out);
      return;
    case Refusal::closed:
      if (refuse_too_fast(error.subject, out)) return;
      refuse_name(error.subject, Ended::error, error.reason, out);
      return;
    case Refusal::neg_err:
      if (refuse_negotiation_too_fast(error.subject, out)) return;
      refuse_negotiation(error.subject, NegEnded::invalid, error.reason, out);
      return;
    case Refusal::notice:
      break;
  }
  send(Sent::notice, notice_reply(error.reason), out);
  if (++bad_messages_ >= options_->limits.max_bad_messages) {
    out.emplace_back(action::Disconnect{net::kClosePolicy, "too many messages that are not nostr"});
  }
}

// --- EVENT ----------------------------------------------------------------------------------------------------------

std::string SessionFsm::event_excess(Actions& out) {
  const auto refusal = rates_.take(RateOf::event, clock_);
  if (!refusal) return {};
  out.emplace_back(action::CountRefused{ingest::Reason::rate_limited});
  return too_fast(RateOf::event, *refusal);
}

void SessionFsm::handle(EventCommand& command, Actions& out) {
  if (const std::string excess = event_excess(out); !excess.empty()) {
    return send(Sent::ok, refusal_reply(command.event.id.hex(), excess), out);
  }
  const WriteAccess access = write_access(command.event, *auth_.keys());
  if (access != WriteAccess::open) {
    out.emplace_back(action::CountRefused{ingest::Reason::protected_event});
    send(Sent::ok, write_refusal_reply(command.event.id, access), out);
    return;
  }
  ++pending_events_;
  out.emplace_back(action::Submit{events_.share(std::move(command.event))});
}

void SessionFsm::on_verdict(const EventId& id, const ingest::Verdict& verdict, std::string& reply) {
  if (pending_events_ > 0) --pending_events_;
  cell(metrics_.messages_sent, Sent::ok).add();
  reply.clear();
  append_ok_reply(reply, id, verdict);
}

// --- REQ and CLOSE --------------------------------------------------------------------------------------------------

std::string_view SessionFsm::refusal_of(const std::vector<Filter>& filters, std::size_t freed_values) const {
  const Limits& limits = options_->limits;
  const std::size_t held = subscriptions_.values() + counts_.values() + negotiations_.values() - freed_values;
  if (held + SubscriptionSet::count_values(filters) > limits.max_filter_values) {
    return closed::kTooManyValues;
  }
  const Gates gates = gates_of(*options_);
  if (!gates) return {};
  switch (read_access(filters, *auth_.keys(), gates)) {
    case ReadAccess::open:
      return {};
    case ReadAccess::auth_required:
      return closed::kAuthRequired;
    case ReadAccess::restricted:
      return closed::kRestricted;
  }
  return {};
}

std::string_view SessionFsm::refusal_of_reader() const {
  switch (rules_ ? rules_->reading(*auth_.keys()) : ingest::Reading::open) {
    case ingest::Reading::open:
      return {};
    case ingest::Reading::auth_required:
      return closed::kReadersAuthenticate;
    case ingest::Reading::restricted:
      return closed::kMembersRead;
  }
  return {};
}

const PublicKey* SessionFsm::inviter() const {
  if (!rules_ || !options_->make_invite) return nullptr;
  const KeyList& keys = *auth_.keys();
  const auto found = std::ranges::find_if(keys, [&](const PublicKey& key) { return rules_->may_invite(key); });
  return found == keys.end() ? nullptr : &*found;
}

std::string_view SessionFsm::refusal_of_invites(const std::vector<Filter>& filters) const {
  if (!options_->make_invite || inviter() != nullptr) return {};
  const bool asks_nothing_else = std::ranges::all_of(
      filters, [](const Filter& filter) { return filter.kinds && *filter.kinds == std::vector<Kind>{kind::kInvite}; });
  if (!asks_nothing_else) return {};
  return auth_.is_authenticated() ? closed::kNoInvites : closed::kInvitersAuthenticate;
}

SessionFsm::Ended SessionFsm::reason_of(std::string_view refusal) {
  return refusal == closed::kAuthRequired || refusal == closed::kRestricted ? Ended::auth : Ended::limit;
}

void SessionFsm::on_rules(std::shared_ptr<const ingest::AccessRules> rules, Actions& out) {
  rules_ = std::move(rules);
  const std::string_view refusal = refusal_of_reader();
  if (refusal.empty()) return;
  for (const SubscriptionKey key : subscriptions_.keys()) end_with_closed(key, Ended::auth, refusal, out);
  for (const SubscriptionKey key : counts_.keys()) end_count_with_closed(key, Ended::auth, refusal, out);
  for (const SubscriptionKey key : negotiations_.keys()) {
    refuse_negotiation(std::string(negotiations_.find(key)->name), NegEnded::auth, refusal, out);
  }
}

bool SessionFsm::refuse_too_fast(std::string_view name, Actions& out) {
  const auto refusal = rates_.take(RateOf::request, clock_);
  if (refusal) refuse_name(name, Ended::limit, too_fast(RateOf::request, *refusal), out);
  return refusal.has_value();
}

void SessionFsm::handle(ReqCommand& command, Actions& out) {
  if (refuse_too_fast(command.subscription, out)) return;
  if (const std::string_view refusal = refusal_of_reader(); !refusal.empty()) {
    return refuse_name(command.subscription, Ended::auth, refusal, out);
  }
  if (const std::string_view refusal = refusal_of_invites(command.filters); !refusal.empty()) {
    return refuse_name(command.subscription, Ended::auth, refusal, out);
  }
  const std::string_view unsearched = search_refusal(command.filters, options_->search.get());
  if (!unsearched.empty()) return refuse_name(command.subscription, Ended::error, unsearched, out);
  narrow_searches(command.filters, options_->search.get());
  const Subscription* replaced = subscriptions_.find(command.subscription);
  const bool is_full = replaced == nullptr && subscriptions_.size() >= options_->limits.max_subscriptions;
  const std::string_view refusal =
      is_full ? closed::kTooManySubscriptions : refusal_of(command.filters, values_of(replaced));
  if (!refusal.empty()) return refuse_name(command.subscription, reason_of(refusal), refusal, out);
  if (replaced != nullptr) end(replaced->key, Ended::replaced, out);
  subscriptions_.add(std::move(command.subscription),
                     std::make_shared<const std::vector<Filter>>(std::move(command.filters)), clock_.now());
  metrics_.subscriptions.add(1);
  start_waiting(out);
}

void SessionFsm::start_waiting(Actions& out) {
  while (subscriptions_.stored_phases() + counts_.stored_phases() + negotiations_.working() <
         options_->limits.max_running_scans) {
    if (Subscription* subscription = subscriptions_.next_waiting()) {
      start(*subscription, out);
    } else if (Subscription* count = counts_.next_waiting()) {
      count->phase = Subscription::Phase::stored;
      out.emplace_back(action::Count{count->key, count->filters, auth_.keys(), count->name});
    } else if (Negotiation* negotiation = negotiations_.next_waiting()) {
      out.emplace_back(action::Negotiate{negotiation->key, negotiation->filters, auth_.keys(), negotiation->name,
                                         std::exchange(negotiation->message, {})});
    } else {
      return;
    }
  }
}

void SessionFsm::start(Subscription& subscription, Actions& out) {
  out.emplace_back(action::Watch{subscription.key, subscription.filters});
  if (const PublicKey* key = asks_for_invite(*subscription.filters) ? inviter() : nullptr) {
    out.emplace_back(action::Invite{subscription.filters, subscription.prefix, *key});
  }
  if (wants_nothing_stored(*subscription.filters)) {
    subscription.phase = Subscription::Phase::live;
    const bool has_limits = !std::ranges::all_of(*subscription.filters, matches_nothing);
    send(Sent::eose, eose_reply(subscription.name, eose_hint_ && !has_limits), out);
    return;
  }
  subscription.phase = Subscription::Phase::stored;
  out.emplace_back(action::Scan{subscription.key, subscription.filters, auth_.keys(), subscription.prefix, eose_hint_});
}

void SessionFsm::handle(CloseCommand& command, Actions& out) {
  if (const Subscription* named = subscriptions_.find(command.subscription)) end(named->key, Ended::client, out);
  if (const Subscription* named = counts_.find(command.subscription)) end_count(named->key, out);
  start_waiting(out);
}

void SessionFsm::end(SubscriptionKey key, Ended reason, Actions& out) {
  const Subscription* subscription = subscriptions_.find(key);
  if (subscription == nullptr) return;
  if (subscription->phase != Subscription::Phase::waiting) out.emplace_back(action::Forget{key});
  subscriptions_.remove(key);
  metrics_.subscriptions.add(-1);
  cell(metrics_.subscriptions_ended, reason).add();
}

void SessionFsm::end_with_closed(SubscriptionKey key, Ended reason, std::string_view message, Actions& out) {
  const Subscription* subscription = subscriptions_.find(key);
  if (subscription == nullptr) return;
  const Subscription* count = counts_.find(subscription->name);
  send(Sent::closed, closed_reply(subscription->name, message), out);
  end(key, reason, out);
  if (count != nullptr) end_count(count->key, out);
}

void SessionFsm::end_count_with_closed(SubscriptionKey key, Ended reason, std::string_view message, Actions& out) {
  const Subscription* count = counts_.find(key);
  if (count == nullptr) return;
  const Subscription* subscription = subscriptions_.find(count->name);
  send(Sent::closed, closed_reply(count->name, message), out);
  end_count(key, out);
  if (subscription != nullptr) end(subscription->key, reason, out);
}

void SessionFsm::refuse_name(std::string_view name, Ended reason, std::string_view message, Actions& out) {
  if (const Subscription* named = subscriptions_.find(name)) end(named->key, reason, out);
  if (const Subscription* named = counts_.find(name)) end_count(named->key, out);
  send(Sent::closed, closed_reply(name, message), out);
  start_waiting(out);
}

// --- the stored phase -----------------------------------------------------------------------------------------------

void SessionFsm::on_watching(SubscriptionKey key, storage::Seq newest) {
  if (Subscription* subscription = subscriptions_.find(key)) subscription->max_stored_seq = newest;
}

bool SessionFsm::wants_slices(SubscriptionKey key) {
  if (const Negotiation* negotiation = negotiations_.find(key)) {
    return negotiation->phase == Negotiation::Phase::working;
  }
  const Subscription* subscription = subscriptions_.find(key);
  if (subscription == nullptr) subscription = counts_.find(key);
  return subscription != nullptr && subscription->phase == Subscription::Phase::stored;
}

void SessionFsm::on_slice(SubscriptionKey key, const SliceResult& slice, Actions& out) {
  if (!wants_slices(key)) return;
  if (Negotiation* negotiation = negotiations_.find(key)) return on_negotiation_slice(*negotiation, slice, out);
  if (Subscription* count = counts_.find(key)) {
    cell(metrics_.messages_sent, Sent::count).add(slice.messages);
    return on_count_slice(*count, slice.end, out);
  }
  cell(metrics_.messages_sent, Sent::event).add(slice.messages);
  Subscription& subscription = *subscriptions_.find(key);
  subscriptions_.note_given(subscription, slice.also_live);
  switch (slice.end) {
    case storage::SliceEnd::more:
      return;
    case storage::SliceEnd::cut_short:
      end_with_closed(key, Ended::budget, closed::kCutShort, out);
      break;
    case storage::SliceEnd::failed:
      end_with_closed(key, Ended::error, closed::kStorage, out);
      break;
    case storage::SliceEnd::finished:
      observe_answer(subscription);
      subscription.phase = Subscription::Phase::live;
      send(Sent::eose, eose_reply(subscription.name, eose_hint_ && slice.gave_all), out);
      if (std::vector<LiveEventPtr> held = subscriptions_.take_held(subscription); !held.empty()) {
        cell(metrics_.messages_sent, Sent::event).add(held.size());
        out.emplace_back(action::SendEvents{subscription.prefix, std::move(held)});
      }
      break;
  }
  start_waiting(out);
}

void SessionFsm::observe_answer(const Subscription& subscription) const {
  const double seconds = std::chrono::duration<double>(clock_.now() - subscription.since).count();
  (has_search(*subscription.filters) ? metrics_.search_seconds : metrics_.query_seconds).observe(seconds);
}

void SessionFsm::on_count_slice(Subscription& count, storage::SliceEnd end_of_slice, Actions& out) {
  if (end_of_slice == storage::SliceEnd::more) return;
  if (end_of_slice == storage::SliceEnd::failed) {
    end_count_with_closed(count.key, Ended::error, closed::kStorage, out);
  } else {
    // What was cut short was answered approximately.
    metrics_.count_seconds.observe(std::chrono::duration<double>(clock_.now() - count.since).count());
    end_count(count.key, out);
  }
  start_waiting(out);
}

void SessionFsm::end_count(SubscriptionKey key, Actions& out) {
  if (counts_.find(key)->phase != Subscription::Phase::waiting) out.emplace_back(action::Forget{key});
  counts_.remove(key);
}

void SessionFsm::on_scan_refused(SubscriptionKey key, Actions& out) {
  end_with_closed(key, Ended::limit, closed::kBusy, out);
  end_count_with_closed(key, Ended::limit, closed::kBusy, out);
  if (const Negotiation* negotiation = negotiations_.find(key)) {
    refuse_negotiation(std::string(negotiation->name), NegEnded::limit, closed::kBusy, out);
  }
  start_waiting(out);
}

// --- live -----------------------------------------------------------------------------------------------------------

SessionFsm::Delivery SessionFsm::on_live(SubscriptionKey key, const LiveEventPtr& event, Actions& out) {
  Subscription* subscription = subscriptions_.find(key);
  if (subscription == nullptr) return Delivery::drop;
  if (event->seq() != 0) {
    if (event->seq() <= subscription->max_stored_seq) return Delivery::drop;
    if (SubscriptionSet::was_given(*subscription, event->seq())) return Delivery::drop;
  }
  if (gates_of(*options_).covers(event->event().kind) && !may_read(event->event(), *auth_.keys())) {
    return Delivery::drop;
  }
  if (subscription->phase == Subscription::Phase::live) {
    cell(metrics_.messages_sent, Sent::event).add();
    return Delivery::send;
  }
  subscriptions_.hold(*subscription, event);
  const Limits& limits = options_->limits;
  if (subscriptions_.held_events() > limits.max_held_events || subscriptions_.held_bytes() > limits.max_held_bytes) {
    end_with_closed(key, Ended::limit, closed::kHeldTooMany, out);
    start_waiting(out);
    return Delivery::drop;
  }
  return Delivery::held;
}

std::string_view SessionFsm::prefix(SubscriptionKey key) {
  const Subscription* subscription = subscriptions_.find(key);
  return subscription == nullptr ? std::string_view() : std::string_view(*subscription->prefix);
}

void SessionFsm::on_events_lost(Actions& out) {
  for (const SubscriptionKey key : subscriptions_.keys()) {
    // One that still waits for its turn has missed nothing.
    if (subscriptions_.find(key)->phase == Subscription::Phase::waiting) continue;
    end_with_closed(key, Ended::error, closed::kLostEvents, out);
  }
  start_waiting(out);
}

// --- AUTH, COUNT ----------------------------------------------------------------------------------------------------

void SessionFsm::handle(AuthCommand& command, Actions& out) {
  const AuthResult result = auth_.accept(command.event, *own_, clock_.unix_now());
  cell(metrics_.auth_attempts, label_of(result)).add();
  send(Sent::ok, auth_reply(command.event.id, result), out);
}

void SessionFsm::handle(CountCommand& command, Actions& out) {
  if (refuse_too_fast(command.subscription, out)) return;
  if (!options_->count) return refuse_name(command.subscription, Ended::error, closed::kCountUnsupported, out);
  if (const std::string_view refusal = refusal_of_reader(); !refusal.empty()) {
    return refuse_name(command.subscription, Ended::auth, refusal, out);
  }
  const std::string_view unsearched = search_refusal(command.filters, options_->search.get());
  if (!unsearched.empty()) return refuse_name(command.subscription, Ended::error, unsearched, out);
  narrow_searches(command.filters, options_->search.get());
  const Subscription* replaced = counts_.find(command.subscription);
  const bool is_full = replaced == nullptr && counts_.size() >= options_->limits.max_counts;
  const std::string_view refusal = is_full ? closed::kTooManyCounts : refusal_of(command.filters, values_of(replaced));
  if (!refusal.empty()) return refuse_name(command.subscription, reason_of(refusal), refusal, out);
  if (replaced != nullptr) end_count(replaced->key, out);
  counts_.add(std::move(command.subscription), std::make_shared<const std::vector<Filter>>(std::move(command.filters)),
              clock_.now());
  start_waiting(out);
}

}  // namespace pharos::relay
