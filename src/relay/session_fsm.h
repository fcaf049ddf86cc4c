// What one client connection says and hears, without sockets, storage or threads: message text and events of the
// program go in, actions come out. The driver (session.h) carries the actions out in order.
//
// One thread (the connection's shard). Everything it keeps is capped by Limits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ingest/verdict.h"
#include "metrics/relay_metrics.h"
#include "nostr/message.h"
#include "relay/auth.h"
#include "relay/event_pool.h"
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
// Begin to count; as Scan.
struct Count {
  SubscriptionKey key;
  FilterList filters;
  std::shared_ptr<const KeyList> readers;
  std::string name;
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
using Action = std::variant<action::Send, action::SendEvents, action::Submit, action::CountRefused, action::Watch,
                            action::Scan, action::Count, action::Forget, action::Disconnect>;
using Actions = std::vector<Action>;

// What a slice of a scan came to.
struct SliceResult {
  storage::SliceEnd end = storage::SliceEnd::failed;
  std::size_t messages = 0;  // queued on the connection
  bool gave_all = false;     // the last: every stored match was given
};

class SessionFsm {
 public:
  // eose_hint: this client is told when every stored match was sent (NIP-67).
  SessionFsm(std::shared_ptr<const Options> options, std::shared_ptr<const OwnUrls> own, const Clock& clock,
             std::string challenge, bool eose_hint, const metrics::RelayMetrics& metrics, EventPool& events);
  ~SessionFsm();
  SessionFsm(const SessionFsm&) = delete;
  SessionFsm& operator=(const SessionFsm&) = delete;

  // Those with actions append to out.
  void on_open(Actions& out);
  void on_message(std::string_view text, Actions& out);
  // Replaces `reply` by the OK that the driver sends itself.
  void on_verdict(const EventId& id, const ingest::Verdict& verdict, std::string& reply);

  // The answer to Watch: the stored phase covers what is committed up to `newest`, live events are those above.
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
  // Live events were lost on the way to this connection's shard: no subscription is whole any more.
  void on_events_lost(Actions& out);

  bool is_authenticated() const { return auth_.is_authenticated(); }
  // EVENTs whose OK is still due.
  std::size_t pending_events() const { return pending_events_; }
  bool has_room_for_events() const { return pending_events_ < options_->limits.max_pending_events; }
  const SubscriptionSet& subscriptions() const { return subscriptions_; }
  const SubscriptionSet& counts() const { return counts_; }
  const std::string& challenge() const { return auth_.challenge(); }

 private:
  using Ended = metrics::RelayMetrics::Ended;
  using Sent = metrics::RelayMetrics::Sent;
  static constexpr SubscriptionKey kFirstCount = SubscriptionKey{1} << 63U;

  void handle(EventCommand& command, Actions& out);
  void handle(ReqCommand& command, Actions& out);
  void handle(CountCommand& command, Actions& out);
  void handle(CloseCommand& command, Actions& out);
  void handle(AuthCommand& command, Actions& out);
  void handle(NegCommand& command, Actions& out);
  void on_bad_message(const ClientMessageError& error, Actions& out);

  // The refusal of a REQ or COUNT, or "" when it may go on, in place of the one of its name.
  std::string_view refusal_of(const std::vector<Filter>& filters, const Subscription* replaced) const;
  static Ended reason_of(std::string_view refusal);
  void start_waiting(Actions& out);
  void start(Subscription& subscription, Actions& out);
  void on_count_slice(Subscription& count, storage::SliceEnd end, Actions& out);
  void end_count(SubscriptionKey key, Actions& out);
  void end(SubscriptionKey key, Ended reason, Actions& out);
  // A client takes a CLOSED for the end of whatever it calls so, so it is: of the subscription and of the COUNT.
  void end_with_closed(SubscriptionKey key, Ended reason, std::string_view message, Actions& out);
  void end_count_with_closed(SubscriptionKey key, Ended reason, std::string_view message, Actions& out);
  // In answer to a REQ or COUNT.
  void refuse_name(std::string_view name, Ended reason, std::string_view message, Actions& out);
  void send(Sent verb, std::string text, Actions& out) const;

  const std::shared_ptr<const Options> options_;
  const std::shared_ptr<const OwnUrls> own_;
  const Clock& clock_;
  const bool eose_hint_;
  const metrics::RelayMetrics& metrics_;
  EventPool& events_;
  Auth auth_;
  SubscriptionSet subscriptions_;
  // COUNTs that are not answered, with names of their own: waiting, then stored.
  SubscriptionSet counts_{kFirstCount};
  std::size_t pending_events_ = 0;
  std::size_t bad_messages_ = 0;
};

}  // namespace pharos::relay
