// What one client connection says and hears, without sockets, storage or threads: message text and events of the
// program go in, actions come out. The driver (session.h) carries the actions out in order.
//
// One thread (the connection's shard). Everything it keeps is capped by Limits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ingest/access_lists.h"
#include "ingest/verdict.h"
#include "metrics/relay_metrics.h"
#include "nostr/message.h"
#include "relay/auth.h"
#include "relay/client_rates.h"
#include "relay/event_pool.h"
#include "relay/negotiations.h"
#include "relay/options.h"
#include "relay/subscriptions.h"
#include "storage/query.h"
#include "util/clock.h"

namespace pharos::relay {

namespace action {
// One text message.
struct Send {
  std::string text;
};
// Held events: prefix + LiveEvent::message_end() each.
struct SendEvents {
  std::shared_ptr<const std::string> prefix;
  std::vector<LiveEventPtr> events;
};
// Into the sink; the verdict comes back by on_verdict().
struct Submit {
  storage::EventPtr event;
};
// An event refused here, for ingest to count.
struct CountRefused {
  ingest::Reason reason;
};
// List the subscription in the live index, note the newest sequence number and tell it by on_watching().
struct Watch {
  SubscriptionKey key;
  FilterList filters;
};
// Begin the stored phase of a watched subscription; its slices come back by on_slice().
struct Scan {
  SubscriptionKey key;
  FilterList filters;
  std::shared_ptr<const KeyList> readers;  // who reads: the keys of this moment
  std::shared_ptr<const std::string> prefix;
  bool whole_seconds;  // as EventScan's
};
// Send an invite (NIP-43) of that key if the filters ask for it; it is made now, and never stored.
struct Invite {
  FilterList filters;
  std::shared_ptr<const std::string> prefix;
  PublicKey inviter;
};
// Begin to count; as Scan.
struct Count {
  SubscriptionKey key;
  FilterList filters;
  std::shared_ptr<const KeyList> readers;
  std::string name;
};
// Make an answer to a negentropy message; as Scan. Of one key a session lasts from the first to Forget.
struct Negotiate {
  SubscriptionKey key;
  FilterList filters;
  std::shared_ptr<const KeyList> readers;  // of the first
  std::string name;
  std::string message;
};
// The negentropy session waits for its client: give back what can be read again.
struct Park {
  SubscriptionKey key;
};
// Out of the live index, and no slice any more.
struct Forget {
  SubscriptionKey key;
};
// Close as policy violation.
struct Disconnect {
  std::uint16_t code;
  std::string reason;
};
}  // namespace action
using Action =
    std::variant<action::Send, action::SendEvents, action::Submit, action::CountRefused, action::Watch, action::Invite,
                 action::Scan, action::Count, action::Negotiate, action::Park, action::Forget, action::Disconnect>;
using Actions = std::vector<Action>;

// What a slice of a scan came to.
struct SliceResult {
  storage::SliceEnd end = storage::SliceEnd::failed;
  std::size_t messages = 0;                   // queued on the connection
  std::size_t bytes = 0;                      // of those
  bool gave_all = false;                      // the last: every stored match was given
  bool no_room = false;                       // it failed for memory that others have
  std::span<const storage::Seq> also_live{};  // that it gave and that come live too
};

class SessionFsm {
 public:
  // rates: of this client; they outlive this.
  // eose_hint: this client is told when every stored match was sent (NIP-67).
  SessionFsm(std::shared_ptr<const Options> options, std::shared_ptr<const OwnUrls> own, const Clock& clock,
             std::string challenge, bool eose_hint, const metrics::RelayMetrics& metrics, EventPool& events,
             ClientRates& rates);
  ~SessionFsm();
  SessionFsm(const SessionFsm&) = delete;
  SessionFsm& operator=(const SessionFsm&) = delete;

  // Those with actions append to out.
  void on_open(Actions& out);
  void on_message(std::string_view text, Actions& out);
  // Replaces `reply` by the OK that the driver sends itself.
  void on_verdict(const EventId& id, const ingest::Verdict& verdict, std::string& reply);

  // The answer to Watch: the stored phase covers what is committed up to `newest`; live events are those above, but for
  // those that a slice gave. It sees what was committed when its first slice began: of an event that was replaced
  // before, the new version is among the stored ones. Of one that is replaced later, before the scan came to it,
  // neither is; the new one follows the EOSE.
  void on_watching(SubscriptionKey key, storage::Seq newest);
  // True while slices of that scan are wanted; what comes for a replaced or closed one is dropped unsent.
  bool wants_slices(SubscriptionKey key);
  void on_slice(SubscriptionKey key, const SliceResult& slice, Actions& out);
  // The scan could not go on because too many others wait.
  void on_scan_refused(SubscriptionKey key, Actions& out);

  // What to do with a live event that matched. For `send` the driver sends prefix + JSON + "]" itself.
  enum class Delivery { drop, send, held };
  Delivery on_live(SubscriptionKey key, const LiveEventPtr& event, Actions& out);
  std::string_view prefix(SubscriptionKey key);
  // Ends the negentropy sessions that the client has left waiting for too long.
  void on_tick(Actions& out);
  // Who may read, from now on; what is open and may be no longer ends with a reason.
  void on_rules(std::shared_ptr<const ingest::AccessRules> rules, Actions& out);
  // Live events were lost on the way to this connection's shard: no subscription is whole any more.
  void on_events_lost(Actions& out);

  bool is_authenticated() const { return auth_.is_authenticated(); }
  std::shared_ptr<const KeyList> keys() const { return auth_.keys(); }
  // EVENTs whose OK is still due.
  std::size_t pending_events() const { return pending_events_; }
  bool has_room_for_events() const { return pending_events_ < options_->limits.max_pending_events; }
  const SubscriptionSet& subscriptions() const { return subscriptions_; }
  const SubscriptionSet& counts() const { return counts_; }
  const Negotiations& negotiations() const { return negotiations_; }
  const std::string& challenge() const { return auth_.challenge(); }

 private:
  using Ended = metrics::RelayMetrics::Ended;
  using NegEnded = metrics::RelayMetrics::NegEnded;
  using Sent = metrics::RelayMetrics::Sent;
  static constexpr SubscriptionKey kFirstCount = SubscriptionKey{1} << 63U;
  static constexpr SubscriptionKey kFirstNegotiation = SubscriptionKey{1} << 62U;

  void handle(EventCommand& command, Actions& out);
  void handle(ReqCommand& command, Actions& out);
  void handle(CountCommand& command, Actions& out);
  void handle(CloseCommand& command, Actions& out);
  void handle(AuthCommand& command, Actions& out);
  void handle(NegOpenCommand& command, Actions& out);
  void handle(NegMessageCommand& command, Actions& out);
  void handle(NegCloseCommand& command, Actions& out);
  void on_bad_message(const ClientMessageError& error, Actions& out);

  // What to say of an EVENT that comes too fast, which is counted; "" of one that may go on.
  std::string event_excess(Actions& out);
  // Refuses a REQ or COUNT, or a NEG-OPEN, that comes too fast.
  bool refuse_too_fast(std::string_view name, Actions& out);
  bool refuse_negotiation_too_fast(const std::string& name, Actions& out);
  // The refusal of filters, or "" when they may go on in place of so many values.
  std::string_view refusal_of(const std::vector<Filter>& filters, std::size_t freed_values) const;
  // A REQ for invites alone, of somebody who gets none; "" for any other.
  std::string_view refusal_of_invites(const std::vector<Filter>& filters) const;
  const PublicKey* inviter() const;
  // The refusal of whoever reads here, whatever it is, or "".
  std::string_view refusal_of_reader() const;
  static Ended reason_of(std::string_view refusal);
  void start_waiting(Actions& out);
  void start(Subscription& subscription, Actions& out);
  void observe_answer(const Subscription& subscription) const;
  void on_count_slice(Subscription& count, storage::SliceEnd end, Actions& out);
  void end_count(SubscriptionKey key, Actions& out);
  void end(SubscriptionKey key, Ended reason, Actions& out);
  // A client takes a CLOSED for the end of whatever it calls so, so it is: of the subscription and of the COUNT.
  void end_with_closed(SubscriptionKey key, Ended reason, std::string_view message, Actions& out);
  void end_count_with_closed(SubscriptionKey key, Ended reason, std::string_view message, Actions& out);
  // In answer to a REQ or COUNT.
  void refuse_name(std::string_view name, Ended reason, std::string_view message, Actions& out);
  void on_negotiation_slice(Negotiation& negotiation, const SliceResult& slice, Actions& out);
  void end_negotiation(SubscriptionKey key, NegEnded reason, Actions& out);
  // With NEG-ERR; the name need not be that of one.
  void refuse_negotiation(const std::string& name, NegEnded reason, std::string_view message, Actions& out);
  void send(Sent verb, std::string text, Actions& out) const;

  const std::shared_ptr<const Options> options_;
  const std::shared_ptr<const OwnUrls> own_;
  const Clock& clock_;
  const bool eose_hint_;
  const metrics::RelayMetrics& metrics_;
  EventPool& events_;
  ClientRates& rates_;
  Auth auth_;
  std::shared_ptr<const ingest::AccessRules> rules_;  // nullptr before the first: everybody reads
  SubscriptionSet subscriptions_;
  // COUNTs that are not answered, with names of their own: waiting, then stored.
  SubscriptionSet counts_{kFirstCount};
  Negotiations negotiations_{kFirstNegotiation};
  std::size_t pending_events_ = 0;
  std::size_t bad_messages_ = 0;
};

}  // namespace pharos::relay
