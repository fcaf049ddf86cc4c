#include "relay/session.h"

#include <algorithm>

#include "net/address_text.h"
#include "net/ws_frame.h"
#include "nostr/event_json.h"
#include "relay/scan.h"
#include "util/log.h"

namespace pharos::relay {
namespace {

constexpr std::string_view kShutdownReason = "the relay is shutting down";
constexpr std::string_view kBlockedReason = "this address is blocked";
// Less is not worth a timer; beyond it the client's address is looked at again.
constexpr std::chrono::milliseconds kShortestPause{5};
constexpr std::chrono::milliseconds kLongestPause{1'000};

}  // namespace

void Session::open(const SessionContext& context, std::shared_ptr<const Options> options,
                   std::shared_ptr<const OwnUrls> own, Accepted accepted) {
  const auto rules = std::move(accepted.rules);
  auto session = std::make_shared<Session>(context, std::move(options), std::move(own), std::move(accepted));
  context.shard.attach(session);
  session->start();
  // Before its first message. Rules that changed since come by the shard, to all that are attached.
  if (rules) session->obey(rules);
}

Session::Session(const SessionContext& context, std::shared_ptr<const Options> options,
                 std::shared_ptr<const OwnUrls> own, Accepted accepted)
    : context_(context),
      options_(options),
      connection_(std::move(accepted.connection)),
      low_water_bytes_(accepted.low_water_bytes),
      rates_(context.rates, connection_->peer_address(), options->rates),
      fsm_(std::move(options), std::move(own), context.clock, std::move(accepted.challenge), accepted.eose_hint,
           context.metrics, context.shard.events(), rates_) {}

void Session::start() {
  net::WsConnection::Callbacks callbacks;
  const std::weak_ptr<Session> weak = weak_from_this();
  callbacks.on_message = [weak](std::string_view text) {
    if (const auto self = weak.lock()) self->on_message(text);
  };
  callbacks.on_drained = [weak] {
    if (const auto self = weak.lock()) self->on_drained();
  };
  callbacks.on_closed = [weak](net::CloseCause, std::uint16_t, std::string_view) {
    if (const auto self = weak.lock()) self->on_closed();
  };
  connection_->start(std::move(callbacks));
  fsm_.on_open(actions_);
  run();
}

void Session::on_message(std::string_view text) {
  if (closed_ || draining_) return;
  const bool was_authenticated = fsm_.is_authenticated();
  fsm_.on_message(text, actions_);
  if (!was_authenticated && fsm_.is_authenticated()) context_.metrics.authenticated_sessions.add(1);
  run();
  hold_back(rates_.receive(text.size(), context_.clock));
  update_reading();
}

void Session::on_closed() {
  if (std::exchange(closed_, true)) return;
  for (const auto& [key, watched] : watching_) context_.shard.forget(watched.handle);
  watching_.clear();
  for (const auto& [key, scan] : scans_) scan->cancel();
  scans_.clear();
  negotiations_.clear();
  unsubmitted_.clear();
  if (fsm_.is_authenticated()) context_.metrics.authenticated_sessions.add(-1);
  context_.shard.detach(this);
}

// --- actions --------------------------------------------------------------------------------------------------------

void Session::run() {
  try {
    // By index: carrying one out may append others.
    for (std::size_t i = 0; i < actions_.size() && !closed_; ++i) {
      Action action = std::move(actions_[i]);
      std::visit([this](auto& what) { run(what); }, action);
    }
  } catch (...) {
    // Those behind it are lost, and with them what the client was to hear.
    actions_.clear();
    connection_->close(net::CloseCause::policy, net::kCloseInternal, "internal error");
    throw;
  }
  actions_.clear();
}

void Session::run(action::Send& send) { connection_->send(send.text); }

void Session::run(action::SendEvents& send) {
  for (const LiveEventPtr& event : send.events) {
    if (!connection_->send_shared(*send.prefix, event->message_end())) return;
  }
}

void Session::run(action::CountRefused& refused) {
  context_.sink.count_refused(ingest::Source::client, refused.reason);
  tell_of_refused(refused.reason, nullptr);
}

void Session::tell_of_refused(ingest::Reason reason, const EventId* id) const {
  if (log::level() > log::Level::debug) return;
  log::debug("relay", "event refused",
             {{"peer", connection_->peer_address()}, {"reason", name(reason)}, {"id", id == nullptr ? "" : id->hex()}});
}

void Session::run(action::Watch& watch) {
  const auto watched = context_.shard.watch({this, watch.key}, std::move(watch.filters));
  watching_[watch.key] = watched;
  fsm_.on_watching(watch.key, watched.newest);
}

void Session::run(action::Scan& scan) {
  begin(scan.key, std::make_shared<EventScan>(*scan.filters, std::move(scan.readers), std::move(scan.prefix),
                                              watching_.at(scan.key).newest, scan.whole_seconds, *options_));
}

void Session::run(const action::Invite& invite) {
  const Event event = options_->make_invite(invite.inviter);
  const auto wants = [&event](const Filter& filter) {
    return filter.limit != std::size_t{0} && matches(filter, event);
  };
  if (std::ranges::none_of(*invite.filters, wants)) return;
  std::string text = *invite.prefix;
  append_event_json(text, event);
  connection_->send(text += "]");
  cell(context_.metrics.messages_sent, metrics::RelayMetrics::Sent::event).add();
}

void Session::run(action::Count& count) {
  begin(count.key,
        std::make_shared<CountScan>(*count.filters, std::move(count.readers), std::move(count.name), *options_));
}

void Session::run(action::Negotiate& negotiate) {
  std::shared_ptr<NegSession>& session = negotiations_[negotiate.key];
  if (!session) {
    auto tree = context_.neg_trees.find(*negotiate.filters, *negotiate.readers);
    session = std::make_shared<NegSession>(*negotiate.filters, std::move(negotiate.readers), std::move(negotiate.name),
                                           context_.neg_memory, std::move(tree), *options_);
    context_.shard.want_ticks(this);
  }
  session->set_message(std::move(negotiate.message));
  begin(negotiate.key, session);
}

void Session::run(action::Park& park) {
  if (const auto at = negotiations_.find(park.key); at != negotiations_.end()) at->second->park();
}

void Session::run(action::Forget& forget) {
  if (const auto at = watching_.find(forget.key); at != watching_.end()) {
    context_.shard.forget(at->second.handle);
    watching_.erase(at);
  }
  if (const auto at = scans_.find(forget.key); at != scans_.end()) {
    at->second->cancel();
    scans_.erase(at);
  }
  negotiations_.erase(forget.key);
  std::erase(resting_scans_, forget.key);
}

void Session::run(action::Disconnect& disconnect) {
  connection_->close(net::CloseCause::policy, disconnect.code, disconnect.reason);
}

// --- EVENT ----------------------------------------------------------------------------------------------------------

void Session::run(action::Submit& submitted) {
  // Behind those that wait already, so that one connection's events keep their order.
  if (!unsubmitted_.empty() || !submit(submitted.event)) unsubmitted_.push_back(std::move(submitted.event));
}

bool Session::submit(const storage::EventPtr& event) {
  ingest::Submission submission;
  submission.event = event;
  submission.source = ingest::Source::client;
  submission.sender = sender();
  // The shard outlives whatever is in flight; the session need not.
  submission.done = [shard = &context_.shard, weak = std::weak_ptr<ShardMember>(weak_from_this()), id = event->id,
                     submitted_at = context_.clock.now()](const ingest::Verdict& verdict) {
    shard->answer({weak, id, verdict, submitted_at});
  };
  return context_.sink.submit(std::move(submission));
}

const ingest::SenderPtr& Session::sender() {
  if (!sender_ || sender_->keys != fsm_.keys()) {
    std::string address = net::host_of(connection_->peer_address());
    sender_ =
        std::make_shared<const ingest::Sender>(ingest::Sender{std::move(address), fsm_.keys(), rates_.is_exempt()});
  }
  return sender_;
}

void Session::on_verdict(const VerdictInbox::Entry& entry, std::string& scratch) {
  if (closed_) return;
  if (entry.verdict.fate == ingest::Fate::rejected) tell_of_refused(entry.verdict.reason, &entry.id);
  fsm_.on_verdict(entry.id, entry.verdict, scratch);
  connection_->send(scratch);
  const SteadyTime now = context_.clock.now();
  context_.metrics.event_ok_seconds.observe(std::chrono::duration<double>(now - entry.submitted_at).count());
  submit_waiting();
}

void Session::retry() {
  retry_armed_ = false;
  submit_waiting();
}

bool Session::tick() {
  fsm_.on_tick(actions_);
  run();
  return fsm_.negotiations().size() > 0;
}

void Session::submit_waiting() {
  while (!closed_ && !unsubmitted_.empty() && submit(unsubmitted_.front())) unsubmitted_.pop_front();
  update_reading();
}

void Session::hold_back(const std::optional<TooFast>& excess) {
  if (excess && !held_back_) metrics::cell(context_.metrics.rate.pauses, excess->by).add();
  held_back_ = excess.has_value();
  if (!held_back_ || std::exchange(wake_armed_, true)) return;
  const Duration wait = std::clamp<Duration>(excess->wait, kShortestPause, kLongestPause);
  context_.shard.wake_at(context_.clock.now() + wait, weak_from_this());
}

void Session::wake() {
  wake_armed_ = false;
  if (closed_) return;
  hold_back(rates_.in_debt(context_.clock));
  update_reading();
}

void Session::obey(const std::shared_ptr<const RateRules>& rates) {
  if (closed_) return;
  rates_.obey(rates);
  sender_.reset();
  hold_back(rates_.in_debt(context_.clock));
  update_reading();
}

void Session::update_reading() {
  if (closed_) return;
  if (!unsubmitted_.empty() && !retry_armed_) {
    retry_armed_ = true;
    context_.shard.retry_soon(weak_from_this());
  }
  const bool wanted = unsubmitted_.empty() && fsm_.has_room_for_events() && !held_back_ && !draining_;
  if (wanted != reading_) {
    reading_ = wanted;
    if (wanted) {
      connection_->resume_reading();
    } else {
      connection_->pause_reading();
    }
  }
  close_when_drained();
}

// --- the stored phase -----------------------------------------------------------------------------------------------

void Session::begin(SubscriptionKey key, std::shared_ptr<SlicedWork> scan) {
  scans_[key] = std::move(scan);
  request_slice(key);
}

void Session::request_slice(SubscriptionKey key) {
  const bool taken = context_.runner.run(
      scans_.at(key), [weak = weak_from_this(), loop = &context_.shard.loop(), key](ScanSlice&& slice) {
        loop->post([weak, key, shared = std::make_shared<const ScanSlice>(std::move(slice))] {
          if (const auto self = weak.lock()) self->on_slice(key, *shared);
        });
      });
  if (!taken) fsm_.on_scan_refused(key, actions_);
}

void Session::on_slice(SubscriptionKey key, const ScanSlice& slice) {
  if (closed_ || !fsm_.wants_slices(key)) return;
  const std::string_view bytes = slice.bytes;
  std::size_t from = 0;
  for (const std::size_t to : slice.ends) {
    if (!connection_->send(bytes.substr(from, to - from))) return;
    from = to;
  }
  fsm_.on_slice(key, {slice.end, slice.ends.size(), bytes.size(), slice.gave_all, slice.no_room, slice.also_live},
                actions_);
  // What it read is not needed while it is live.
  if (!fsm_.wants_slices(key)) scans_.erase(key);
  run();
  if (closed_ || !fsm_.wants_slices(key)) return;
  if (connection_->queued_bytes() > low_water_bytes_) {
    scans_.at(key)->park();
    resting_scans_.push_back(key);
    return;
  }
  request_slice(key);
  run();
}

void Session::on_drained() {
  if (closed_) return;
  for (const SubscriptionKey key : std::exchange(resting_scans_, {})) {
    if (fsm_.wants_slices(key)) request_slice(key);
  }
  run();
}

// --- live -----------------------------------------------------------------------------------------------------------

void Session::on_live(std::uint64_t key, const LiveEventPtr& event) {
  if (closed_) return;
  if (fsm_.on_live(key, event, actions_) == SessionFsm::Delivery::send) {
    connection_->send_shared(fsm_.prefix(key), event->message_end());
  }
  if (!actions_.empty()) run();
}

void Session::on_events_lost() {
  fsm_.on_events_lost(actions_);
  run();
}

// --- the end --------------------------------------------------------------------------------------------------------

void Session::begin_drain() {
  if (closed_ || std::exchange(draining_, true)) return;
  update_reading();
}

void Session::close_when_drained() {
  if (draining_ && fsm_.pending_events() == 0) shut_down();
}

void Session::shut_down() {
  if (!closed_) connection_->close(net::CloseCause::shutdown, net::kCloseGoingAway, kShutdownReason);
}

void Session::obey(const std::shared_ptr<const ingest::AccessRules>& rules) {
  if (closed_) return;
  if (rules->blocks(connection_->peer_address()))
    return connection_->close(net::CloseCause::policy, net::kClosePolicy, kBlockedReason);
  fsm_.on_rules(rules, actions_);
  run();
}

}  // namespace pharos::relay
