#include "monitor/publish_link.h"

#include <algorithm>
#include <utility>

#include "monitor/dial.h"
#include "net/ws_connector.h"
#include "nostr/message.h"
#include "nostr/nip42.h"
#include "util/backoff.h"
#include "util/printable.h"

namespace pharos::monitor {

class PublishLink::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(RelayUrl url, const PublishOptions& options, const ProbeOptions& network, net::IoShard& shard,
       const Clock& clock, Random& random, Signer& signer, std::function<void(Kind, bool)> settled)
      : url_(std::move(url)),
        options_(options),
        network_(network),
        shard_(shard),
        clock_(clock),
        random_(random),
        signer_(signer),
        settled_(std::move(settled)),
        outbox_(options, [this](Kind kind) { settled_(kind, false); }),
        backoff_(Backoff::Options{options.retry_first, options.retry_cap, options.retry_first}),
        timer_(shard) {
    // The operator named this relay; it may well stand in the own network.
    network_.allow_private_addresses = true;
  }

  void push(storage::EventPtr event) {
    outbox_.push(std::move(event));
    if (state_ == State::idle)
      dial();
    else if (state_ == State::connected)
      pump();
  }

  PublishRelayStatus status() const {
    static constexpr const char* kNames[] = {"idle", "connecting", "connected", "backoff"};
    PublishRelayStatus out;
    out.url = url_.text();
    out.state = kNames[static_cast<std::size_t>(state_)];
    out.waiting = outbox_.waiting();
    out.in_flight = outbox_.in_flight();
    out.totals = outbox_.totals();
    out.last_latency = outbox_.last_latency();
    out.last_error = error_.empty() ? outbox_.last_rejection() : error_;
    return out;
  }

  void shut() {
    timer_.cancel();
    dial_.reset();
    drop_connection(net::CloseCause::shutdown, 1001);
  }

 private:
  enum class State { idle, connecting, connected, backoff };

  template <class Member>
  auto later(Member member) {
    return [weak = weak_from_this(), member] {
      if (const auto self = weak.lock()) (self.get()->*member)();
    };
  }

  void dial() {
    state_ = State::connecting;
    const auto options = dial_options(url_, network_, options_.dial_timeout);
    dial_ = net::dial_websocket(shard_, dial_target(url_), options,
                                [weak = weak_from_this()](Result<net::Dialed, net::DialFailure> result) {
                                  if (const auto self = weak.lock()) self->on_dialed(std::move(result));
                                });
  }

  void on_dialed(Result<net::Dialed, net::DialFailure> result) {
    if (!result) {
      const net::NetFailure& failure = result.error().failure;
      error_ = printable(std::string(net::name(failure.error)) + ": " + detail_of(failure));
      rest();
      return;
    }
    connection_ = result.value().connection;
    const std::uint64_t number = ++connection_number_;
    state_ = State::connected;
    challenge_.clear();
    auth_sent_ = false;
    paused_until_ = {};
    net::WsConnection::Callbacks callbacks;
    callbacks.on_message = [weak = weak_from_this(), number](std::string_view text) {
      const auto self = weak.lock();
      if (self && self->connection_number_ == number) self->on_message(text);
    };
    callbacks.on_drained = [weak = weak_from_this(), number] {
      const auto self = weak.lock();
      if (self && self->connection_number_ == number) self->pump();
    };
    callbacks.on_closed = [weak = weak_from_this(), number](net::CloseCause, std::uint16_t, std::string_view reason) {
      const auto self = weak.lock();
      if (!self || self->connection_number_ != number) return;
      self->error_ = printable("closed: " + std::string(reason));
      self->lost();
    };
    connection_->start(std::move(callbacks));
    pump();
  }

  // What an old connection still reports is not about the next one.
  void drop_connection(net::CloseCause cause, std::uint16_t code) {
    ++connection_number_;
    if (const auto old = std::exchange(connection_, nullptr)) old->close(cause, code, "");
  }

  void lost() {
    ++connection_number_;
    connection_.reset();
    outbox_.on_disconnect();
    if (outbox_.idle())
      state_ = State::idle;
    else
      rest();
  }

  void rest() {
    state_ = State::backoff;
    timer_.arm(backoff_.next(random_), later(&Impl::dial));
  }

  void pump() {
    if (state_ != State::connected) return;
    const SteadyTime now = clock_.now();
    if (now >= paused_until_) {
      for (const storage::EventPtr& event : outbox_.take(now)) {
        text_.clear();
        append_event_command(text_, *event);
        if (!connection_ || !connection_->send(text_)) return;
      }
    }
    rearm(now);
  }

  void rearm(SteadyTime now) {
    SteadyTime next = now + options_.idle_close;
    if (const auto deadline = outbox_.deadline()) next = *deadline;
    if (outbox_.waiting() > 0 && paused_until_ > now) next = std::min(next, paused_until_);
    timer_.arm(std::max(std::chrono::ceil<std::chrono::milliseconds>(next - now), std::chrono::milliseconds(1)),
               later(&Impl::on_timer));
  }

  void on_timer() {
    if (state_ != State::connected) return;
    if (outbox_.idle()) {
      hang_up();
      state_ = State::idle;
      return;
    }
    if (outbox_.expire(clock_.now())) {
      // A relay that stopped answering on this connection may answer on the next.
      error_ = "no OK in time";
      hang_up();
      lost();
      return;
    }
    pump();
  }

  void hang_up() {
    state_ = State::idle;
    drop_connection(net::CloseCause::policy, 1000);
  }

  void on_message(std::string_view text) {
    const auto parsed = parse_relay_message(text);
    if (!parsed) return;
    if (const auto* ok = std::get_if<OkReply>(&parsed.value())) on_ok(*ok);
    if (const auto* auth = std::get_if<AuthReply>(&parsed.value())) challenge_ = auth->challenge;
  }

  void on_ok(const OkReply& ok) {
    const SteadyTime now = clock_.now();
    const auto [settled, kind] = outbox_.on_ok(ok.id, ok.accepted, ok.message, now);
    switch (settled) {
      case Outbox::Settled::accepted:
        backoff_.reset();
        error_.clear();
        settled_(kind, true);
        break;
      case Outbox::Settled::rejected:
        settled_(kind, false);
        break;
      case Outbox::Settled::wants_auth:
        answer_challenge();
        paused_until_ = now + options_.retry_first;
        break;
      case Outbox::Settled::later:
        paused_until_ = now + backoff_.next(random_);
        break;
      case Outbox::Settled::unknown:
        return;
    }
    pump();
  }

  void answer_challenge() {
    if (auth_sent_ || challenge_.empty()) return;
    auth_sent_ = true;
    Event event = make_auth_event(url_, challenge_, clock_.unix_now());
    signer_.sign(event);
    std::string text;
    append_auth_command(text, event);
    connection_->send(text);
  }

  RelayUrl url_;
  PublishOptions options_;
  ProbeOptions network_;
  net::IoShard& shard_;
  const Clock& clock_;
  Random& random_;
  Signer& signer_;
  std::function<void(Kind, bool)> settled_;
  Outbox outbox_;
  Backoff backoff_;
  net::Timer timer_;
  State state_ = State::idle;
  std::unique_ptr<net::PendingDial> dial_;
  net::WsConnectionPtr connection_;
  std::uint64_t connection_number_ = 0;  // tells callbacks of an earlier connection apart
  std::string challenge_;
  bool auth_sent_ = false;
  SteadyTime paused_until_{};
  std::string error_;
  std::string text_;
};

PublishLink::PublishLink(RelayUrl url, const PublishOptions& options, const ProbeOptions& network, net::IoShard& shard,
                         const Clock& clock, Random& random, Signer& signer, std::function<void(Kind, bool)> settled)
    : impl_(
          std::make_shared<Impl>(std::move(url), options, network, shard, clock, random, signer, std::move(settled))) {}
PublishLink::~PublishLink() { impl_->shut(); }
void PublishLink::push(storage::EventPtr event) { impl_->push(std::move(event)); }
PublishRelayStatus PublishLink::status() const { return impl_->status(); }

}  // namespace pharos::monitor
