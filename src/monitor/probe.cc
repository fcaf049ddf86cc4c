#include "monitor/probe.h"

#include <algorithm>
#include <optional>

#include "monitor/dial.h"
#include "monitor/host_rules.h"
#include "monitor/probe_fsm.h"
#include "net/ws_connector.h"
#include "nostr/schnorr.h"
#include "nostr/sha256.h"

namespace pharos::monitor {
namespace {

std::uint32_t microseconds(std::chrono::microseconds stage) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(stage.count(), 0, 0xffffffff));
}

OpenedConnection reached(const net::StageTimes& times, const net::TlsPeer& tls) {
  OpenedConnection out;
  out.dns_us = microseconds(times.dns);
  out.tcp_us = microseconds(times.tcp);
  out.tls_us = microseconds(times.tls);
  out.http_us = microseconds(times.http);
  out.tls_used = tls.used;
  out.tls_not_after = tls.not_after_unix_seconds;
  out.tls_issuer = tls.issuer;
  return out;
}

}  // namespace

class Probe::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(net::IoShard& shard, const RelayUrl& url, const ProbeOptions& options, Signer& signer, const Clock& clock,
       std::function<void(ProbeResult)> done)
      : shard_(shard),
        url_(url),
        options_(options),
        clock_(clock),
        fsm_(url, options, signer, clock),
        timer_(shard),
        done_(std::move(done)) {}

  void start() { apply(fsm_.start()); }

  void abandon() {
    done_ = nullptr;
    timer_.cancel();
    dial_.reset();
    fetch_.reset();
    if (connection_) connection_->close(net::CloseCause::shutdown, 1001, "");
    connection_.reset();
  }

 private:
  void apply(ProbeActions actions) {
    for (ProbeAction& action : actions) {
      switch (action.kind) {
        case ProbeAction::Kind::dial:
          dial();
          break;
        case ProbeAction::Kind::cancel_dial:
          dial_.reset();
          break;
        case ProbeAction::Kind::fetch_nip11:
          fetch();
          break;
        case ProbeAction::Kind::cancel_nip11:
          fetch_.reset();
          break;
        case ProbeAction::Kind::send:
          if (connection_) connection_->send(action.text);
          break;
        case ProbeAction::Kind::close_socket:
          if (connection_) connection_->close(net::CloseCause::policy, 1000, "");
          connection_.reset();
          break;
        case ProbeAction::Kind::finish:
          finish();
          return;
      }
    }
    if (const auto deadline = fsm_.deadline()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - clock_.now());
      timer_.arm(std::max(left, std::chrono::milliseconds(0)), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->apply(self->fsm_.tick());
      });
    } else {
      timer_.cancel();
    }
  }

  // The machine's deadlines decide; net's lie just behind them, as a safety net.
  static constexpr std::chrono::milliseconds kGrace{1'000};

  // Posted, because the machine is still in the middle of its actions.
  void fail_without_route(bool is_document) {
    shard_.post([weak = weak_from_this(), is_document] {
      const auto self = weak.lock();
      if (!self) return;
      constexpr std::string_view kWhy = "no way into this network without a proxy";
      self->apply(is_document ? self->fsm_.nip11_failed(Fault::local, kWhy, false)
                              : self->fsm_.open_failed(Fault::local, kWhy, {}, false));
    });
  }
  bool reachable() const { return has_route(url_.network(), !options_.socks5_proxy.empty()); }

  void dial() {
    if (!reachable()) return fail_without_route(false);
    const auto options = dial_options(url_, options_, scaled(options_.timeouts.open) + kGrace);
    dial_ = net::dial_websocket(shard_, dial_target(url_), options,
                                [weak = weak_from_this()](Result<net::Dialed, net::DialFailure> result) {
                                  if (const auto self = weak.lock()) self->on_dialed(std::move(result));
                                });
  }

  void on_dialed(Result<net::Dialed, net::DialFailure> result) {
    if (!result) {
      const net::DialFailure& failure = result.error();
      const bool timed_out = failure.failure.error == net::NetError::timeout;
      apply(fsm_.open_failed(fault_here_or(failure.failure.error), detail_of(failure.failure),
                             reached(failure.times, failure.tls), timed_out));
      return;
    }
    connection_ = result.value().connection;
    net::WsConnection::Callbacks callbacks;
    callbacks.on_message = [weak = weak_from_this()](std::string_view text) {
      if (const auto self = weak.lock()) self->apply(self->fsm_.message(text));
    };
    callbacks.on_drained = [] {};
    callbacks.on_closed = [weak = weak_from_this()](net::CloseCause, std::uint16_t, std::string_view reason) {
      const auto self = weak.lock();
      if (!self) return;
      self->connection_.reset();
      self->apply(self->fsm_.closed(reason));
    };
    connection_->start(std::move(callbacks));
    OpenedConnection opened = reached(result.value().times, result.value().tls);
    opened.address = result.value().address;
    apply(fsm_.opened(opened));
  }

  void fetch() {
    if (!reachable()) return fail_without_route(true);
    net::FetchOptions options;
    options.dial = dial_options(url_, options_, scaled(options_.timeouts.nip11) + kGrace);
    options.headers = {{"Accept", "application/nostr+json"}};
    options.max_body_bytes = options_.max_nip11_bytes;
    fetch_ = net::http_get(shard_, dial_target(url_), options,
                           [weak = weak_from_this()](Result<net::Fetched, net::DialFailure> result) {
                             if (const auto self = weak.lock()) self->on_fetched(std::move(result));
                           });
  }

  void on_fetched(Result<net::Fetched, net::DialFailure> result) {
    if (result) {
      apply(fsm_.nip11_fetched(result.value().status, std::move(result.value().body)));
      return;
    }
    const net::NetFailure& failure = result.error().failure;
    apply(fsm_.nip11_failed(fault_here_or(failure.error), detail_of(failure), failure.error == net::NetError::timeout));
  }

  std::chrono::milliseconds scaled(std::chrono::milliseconds timeout) const {
    return url_.network() == Network::clearnet ? timeout : timeout * options_.overlay_factor;
  }

  void finish() {
    timer_.cancel();
    ProbeResult result = std::move(fsm_.result());
    if (result.nip11.ok()) result.nip11_digest = sha256(as_bytes(result.nip11_document));
    if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  net::IoShard& shard_;
  RelayUrl url_;
  ProbeOptions options_;
  const Clock& clock_;
  ProbeFsm fsm_;
  net::Timer timer_;
  std::unique_ptr<net::PendingDial> dial_;
  std::unique_ptr<net::PendingDial> fetch_;
  net::WsConnectionPtr connection_;
  std::function<void(ProbeResult)> done_;
};

Probe::Probe(net::IoShard& shard, const RelayUrl& url, const ProbeOptions& options, Signer& signer, const Clock& clock,
             std::function<void(ProbeResult)> done)
    : impl_(std::make_shared<Impl>(shard, url, options, signer, clock, std::move(done))) {
  impl_->start();
}
Probe::~Probe() {
  if (impl_) impl_->abandon();
}
Probe::Probe(Probe&&) noexcept = default;
Probe& Probe::operator=(Probe&& other) noexcept {
  if (impl_ && impl_ != other.impl_) impl_->abandon();
  impl_ = std::move(other.impl_);
  return *this;
}

namespace {

class ThrowawaySigner final : public Signer {
 public:
  explicit ThrowawaySigner(Random& random)
      : random_(random), secret_(generate_secret_key(random)), public_key_(*derive_public_key(secret_)) {}
  void sign(Event& event) override { sign_event(event, secret_, random_); }
  const PublicKey& public_key() const override { return public_key_; }

 private:
  Random& random_;
  SecretKey secret_;
  PublicKey public_key_;
};

// Keeps itself alive until the probe is done.
struct OneShot {
  explicit OneShot(Random& random) : signer(random) {}
  ThrowawaySigner signer;
  std::optional<Probe> probe;
};

}  // namespace

void probe_once(net::IoShard& shard, const RelayUrl& url, const ProbeOptions& options, const Clock& clock,
                Random& random, std::function<void(const RelayUrl&, const ProbeResult&)> done) {
  shard.post([&shard, url, options, &clock, &random, done = std::move(done)] {
    const auto one = std::make_shared<OneShot>(random);
    one->probe.emplace(shard, url, options, one->signer, clock, [&shard, one, url, done](const ProbeResult& result) {
      done(url, result);
      shard.post([one] { one->probe.reset(); });
    });
  });
}

}  // namespace pharos::monitor
