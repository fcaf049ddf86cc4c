// The part of the state machine that speaks NIP-77.
#include "nostr/negentropy.h"
#include "relay/replies.h"
#include "relay/search.h"
#include "relay/session_fsm.h"

namespace pharos::relay {
namespace {

// Several times what a distant client takes to answer; what it would have spared is read again.
constexpr std::chrono::seconds kKeepsReadFor{5};

using metrics::cell;

// A foreign version is answered, not refused.
std::string_view fault_of(std::string_view message) {
  const auto checked = check_neg_message(message);
  if (checked || checked.error() == NegFault::foreign_version) return {};
  return describe(checked.error());
}

std::string invalid(std::string_view what) { return std::string("invalid: ").append(what); }

}  // namespace

bool SessionFsm::refuse_negotiation_too_fast(const std::string& name, Actions& out) {
  const auto refusal = rates_.take(RateOf::request, clock_);
  if (refusal) refuse_negotiation(name, NegEnded::limit, too_fast(RateOf::request, *refusal), out);
  return refusal.has_value();
}

void SessionFsm::handle(NegOpenCommand& command, Actions& out) {
  const std::string& name = command.subscription;
  if (refuse_negotiation_too_fast(name, out)) return;
  if (!options_->negentropy) return refuse_negotiation(name, NegEnded::error, closed::kNegentropyUnsupported, out);
  metrics_.neg_received_bytes.add(2 * command.message.size());
  if (const Negotiation* named = negotiations_.find(name)) end_negotiation(named->key, NegEnded::replaced, out);
  if (const std::string_view refusal = refusal_of_reader(); !refusal.empty()) {
    return refuse_negotiation(name, NegEnded::auth, refusal, out);
  }
  if (const std::string_view fault = fault_of(command.message); !fault.empty()) {
    return refuse_negotiation(name, NegEnded::invalid, invalid(fault), out);
  }
  if (negotiations_.size() >= options_->limits.max_negentropy_sessions) {
    return refuse_negotiation(name, NegEnded::limit, closed::kTooManyNegotiations, out);
  }
  const std::string_view unsearched = search_refusal(command.filters, options_->search.get());
  if (!unsearched.empty()) return refuse_negotiation(name, NegEnded::error, unsearched, out);
  narrow_searches(command.filters, options_->search.get());
  if (const std::string_view refusal = refusal_of(command.filters, 0); !refusal.empty()) {
    const bool is_limit = reason_of(refusal) == Ended::limit;
    return refuse_negotiation(name, is_limit ? NegEnded::limit : NegEnded::auth, refusal, out);
  }
  negotiations_.add(std::move(command.subscription),
                    std::make_shared<const std::vector<Filter>>(std::move(command.filters)), std::move(command.message),
                    clock_.now());
  metrics_.neg_sessions.add(1);
  start_waiting(out);
}

void SessionFsm::handle(NegMessageCommand& command, Actions& out) {
  const std::string& name = command.subscription;
  if (!options_->negentropy) return refuse_negotiation(name, NegEnded::error, closed::kNegentropyUnsupported, out);
  metrics_.neg_received_bytes.add(2 * command.message.size());
  if (const std::string_view refusal = refusal_of_reader(); !refusal.empty()) {
    return refuse_negotiation(name, NegEnded::auth, refusal, out);
  }
  if (refuse_negotiation_too_fast(name, out)) return;
  Negotiation* named = negotiations_.find(name);
  if (named == nullptr) return refuse_negotiation(name, NegEnded::invalid, closed::kNoSuchNegotiation, out);
  if (named->phase != Negotiation::Phase::idle) {
    return refuse_negotiation(name, NegEnded::invalid, closed::kOutOfTurn, out);
  }
  if (const std::string_view fault = fault_of(command.message); !fault.empty()) {
    return refuse_negotiation(name, NegEnded::invalid, invalid(fault), out);
  }
  negotiations_.queue(*named, std::move(command.message), clock_.now());
  start_waiting(out);
}

// NEG-CLOSE, like CLOSE, is never answered.
void SessionFsm::handle(NegCloseCommand& command, Actions& out) {
  if (const Negotiation* named = negotiations_.find(command.subscription)) {
    end_negotiation(named->key, NegEnded::client, out);
    start_waiting(out);
  }
}

void SessionFsm::on_negotiation_slice(Negotiation& negotiation, const SliceResult& slice, Actions& out) {
  const std::string name = negotiation.name;
  switch (slice.end) {
    case storage::SliceEnd::more:
      return;
    case storage::SliceEnd::cut_short:
      refuse_negotiation(name, NegEnded::too_big, closed::kSetTooBig, out);
      break;
    case storage::SliceEnd::failed:
      refuse_negotiation(name, slice.no_room ? NegEnded::limit : NegEnded::error,
                         slice.no_room ? closed::kNoMemoryForSet : closed::kStorage, out);
      break;
    case storage::SliceEnd::finished:
      metrics_.neg_seconds.observe(std::chrono::duration<double>(clock_.now() - negotiation.since).count());
      metrics_.neg_sent_bytes.add(slice.bytes);
      cell(metrics_.messages_sent, Sent::neg_msg).add(slice.messages);
      negotiations_.rest(negotiation, clock_.now());
      break;
  }
  start_waiting(out);
}

void SessionFsm::on_tick(Actions& out) {
  for (const SubscriptionKey key : negotiations_.idle_since(clock_.now() - kKeepsReadFor)) {
    if (!std::exchange(negotiations_.find(key)->parked, true)) out.emplace_back(action::Park{key});
  }
  for (const SubscriptionKey key : negotiations_.idle_since(clock_.now() - options_->limits.negentropy_idle_timeout)) {
    refuse_negotiation(std::string(negotiations_.find(key)->name), NegEnded::idle, closed::kIdleNegotiation, out);
  }
}

void SessionFsm::end_negotiation(SubscriptionKey key, NegEnded reason, Actions& out) {
  if (negotiations_.find(key)->begun) out.emplace_back(action::Forget{key});
  negotiations_.remove(key);
  metrics_.neg_sessions.add(-1);
  cell(metrics_.neg_ended, reason).add();
}

void SessionFsm::refuse_negotiation(const std::string& name, NegEnded reason, std::string_view message, Actions& out) {
  const std::size_t cap = reason == NegEnded::too_big ? options_->limits.max_negentropy_records : 0;
  send(Sent::neg_err, negentropy_error(name, message, cap), out);
  if (const Negotiation* named = negotiations_.find(name)) {
    end_negotiation(named->key, reason, out);
  } else {
    cell(metrics_.neg_ended, reason).add();
  }
  start_waiting(out);
}

}  // namespace pharos::relay
