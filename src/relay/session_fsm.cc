#include "relay/session_fsm.h"

#include <algorithm>

#include "net/ws_frame.h"
#include "relay/access.h"
#include "relay/replies.h"

namespace pharos::relay {
namespace {

using metrics::RelayMetrics;

RelayMetrics::Received verb_of(const ClientMessage& message) {
  struct Visitor {
    RelayMetrics::Received operator()(const EventCommand&) const { return RelayMetrics::Received::event; }
    RelayMetrics::Received operator()(const ReqCommand&) const { return RelayMetrics::Received::req; }
    RelayMetrics::Received operator()(const CountCommand&) const { return RelayMetrics::Received::count; }
    RelayMetrics::Received operator()(const CloseCommand&) const { return RelayMetrics::Received::close; }
    RelayMetrics::Received operator()(const AuthCommand&) const { return RelayMetrics::Received::auth; }
    RelayMetrics::Received operator()(const NegCommand&) const { return RelayMetrics::Received::neg; }
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

// No filter asks for a stored event, so EOSE can follow at once.
bool wants_nothing_stored(const std::vector<Filter>& filters) {
  return std::all_of(filters.begin(), filters.end(),
                     [](const Filter& filter) { return matches_nothing(filter) || filter.limit == std::size_t{0}; });
}

template <class Enum, std::size_t N>
const metrics::Counter& cell(const std::array<metrics::Counter, N>& cells, Enum label) {
  return cells[static_cast<std::size_t>(label)];
}

}  // namespace

SessionFsm::SessionFsm(std::shared_ptr<const Options> options, std::shared_ptr<const OwnUrls> own, const Clock& clock,
                       std::string challenge, bool eose_hint, const metrics::RelayMetrics& metrics, EventPool& events)
    : options_(std::move(options)),
      own_(std::move(own)),
      clock_(clock),
      eose_hint_(eose_hint),
      metrics_(metrics),
      events_(events),
      auth_(std::move(challenge), options_->limits.max_auth_keys, options_->limits.max_auth_attempts) {}

SessionFsm::~SessionFsm() {
  metrics_.subscriptions.add(-static_cast<std::int64_t>(subscriptions_.size()));
  cell(metrics_.subscriptions_ended, Ended::disconnect).add(subscriptions_.size());
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
      out.emplace_back(action::CountRefused{ingest::Reason::invalid_event});
      send(Sent::ok, refusal_reply(error.subject, error.reason), out);
      return;
    case Refusal::auth_ok_false:
      cell(metrics_.auth_attempts, RelayMetrics::Auth::invalid).add();
      send(Sent::ok, refusal_reply(error.subject, error.reason), out);
      return;
    case Refusal::closed:
      refuse_name(error.subject, Ended::error, error.reason, out);
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

void SessionFsm::handle(EventCommand& command, Actions& out) {
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

std::string_view SessionFsm::refusal_of(const std::vector<Filter>& filters, const Subscription* replaced) const {
  const Limits& limits = options_->limits;
  const std::size_t freed = replaced == nullptr ? 0 : replaced->values;
  const std::size_t held = subscriptions_.values() + counts_.values() - freed;
  if (held + SubscriptionSet::count_values(filters) > limits.max_filter_values) {
    return closed::kTooManyValues;
  }
  if (!options_->gate_private_messages) return {};
  switch (read_access(filters, *auth_.keys())) {
    case ReadAccess::open:
      return {};
    case ReadAccess::auth_required:
      return closed::kAuthRequired;
    case ReadAccess::restricted:
      return closed::kRestricted;
  }
  return {};
}

SessionFsm::Ended SessionFsm::reason_of(std::string_view refusal) {
  return refusal == closed::kAuthRequired || refusal == closed::kRestricted ? Ended::auth : Ended::limit;
}

void SessionFsm::handle(ReqCommand& command, Actions& out) {
  const Subscription* replaced = subscriptions_.find(command.subscription);
  const bool is_full = replaced == nullptr && subscriptions_.size() >= options_->limits.max_subscriptions;
  const std::string_view refusal = is_full ? closed::kTooManySubscriptions : refusal_of(command.filters, replaced);
  if (!refusal.empty()) return refuse_name(command.subscription, reason_of(refusal), refusal, out);
  if (replaced != nullptr) end(replaced->key, Ended::replaced, out);
  subscriptions_.add(std::move(command.subscription),
                     std::make_shared<const std::vector<Filter>>(std::move(command.filters)), clock_.now());
  metrics_.subscriptions.add(1);
  start_waiting(out);
}

void SessionFsm::start_waiting(Actions& out) {
  while (subscriptions_.stored_phases() + counts_.stored_phases() < options_->limits.max_running_scans) {
    if (Subscription* subscription = subscriptions_.next_waiting()) {
      start(*subscription, out);
    } else if (Subscription* count = counts_.next_waiting()) {
      count->phase = Subscription::Phase::stored;
      out.emplace_back(action::Count{count->key, count->filters, auth_.keys(), count->name});
    } else {
      return;
    }
  }
}

void SessionFsm::start(Subscription& subscription, Actions& out) {
  out.emplace_back(action::Watch{subscription.key, subscription.filters});
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
  const Subscription* subscription = subscriptions_.find(key);
  if (subscription == nullptr) subscription = counts_.find(key);
  return subscription != nullptr && subscription->phase == Subscription::Phase::stored;
}

void SessionFsm::on_slice(SubscriptionKey key, const SliceResult& slice, Actions& out) {
  if (!wants_slices(key)) return;
  if (Subscription* count = counts_.find(key)) {
    cell(metrics_.messages_sent, Sent::count).add(slice.messages);
    return on_count_slice(*count, slice.end, out);
  }
  cell(metrics_.messages_sent, Sent::event).add(slice.messages);
  Subscription& subscription = *subscriptions_.find(key);
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
      metrics_.query_seconds.observe(std::chrono::duration<double>(clock_.now() - subscription.since).count());
      subscription.phase = Subscription::Phase::live;
      send(Sent::eose, eose_reply(subscription.name, eose_hint_ && slice.gave_all), out);
      if (!subscription.held.empty()) {
        cell(metrics_.messages_sent, Sent::event).add(subscription.held.size());
        out.emplace_back(action::SendEvents{subscription.prefix, subscriptions_.take_held(subscription)});
      }
      break;
  }
  start_waiting(out);
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
  start_waiting(out);
}

// --- live -----------------------------------------------------------------------------------------------------------

SessionFsm::Delivery SessionFsm::on_live(SubscriptionKey key, const LiveEventPtr& event, Actions& out) {
  Subscription* subscription = subscriptions_.find(key);
  if (subscription == nullptr) return Delivery::drop;
  if (event->seq() != 0 && event->seq() <= subscription->max_stored_seq) return Delivery::drop;
  if (options_->gate_private_messages && is_gated(event->event().kind) && !may_read(event->event(), *auth_.keys())) {
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

// --- AUTH, COUNT, NEG -----------------------------------------------------------------------------------------------

void SessionFsm::handle(AuthCommand& command, Actions& out) {
  const AuthResult result = auth_.accept(command.event, *own_, clock_.unix_now());
  cell(metrics_.auth_attempts, label_of(result)).add();
  send(Sent::ok, auth_reply(command.event.id, result), out);
}

void SessionFsm::handle(CountCommand& command, Actions& out) {
  if (!options_->count) return refuse_name(command.subscription, Ended::error, closed::kCountUnsupported, out);
  const Subscription* replaced = counts_.find(command.subscription);
  const bool is_full = replaced == nullptr && counts_.size() >= options_->limits.max_counts;
  const std::string_view refusal = is_full ? closed::kTooManyCounts : refusal_of(command.filters, replaced);
  if (!refusal.empty()) return refuse_name(command.subscription, reason_of(refusal), refusal, out);
  if (replaced != nullptr) end_count(replaced->key, out);
  counts_.add(std::move(command.subscription), std::make_shared<const std::vector<Filter>>(std::move(command.filters)),
              clock_.now());
  start_waiting(out);
}

void SessionFsm::handle(NegCommand& command, Actions& out) {
  // NEG-CLOSE, like CLOSE, is never answered.
  if (command.verb != "NEG-CLOSE") send(Sent::neg_err, negentropy_refusal(command.subscription), out);
}

}  // namespace pharos::relay
