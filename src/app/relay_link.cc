#include "app/relay_link.h"

#include <deque>
#include <future>

#include "net/ws_frame.h"
#include "util/printable.h"
#include "util/sync.h"

namespace pharos::app {
namespace {

// Received and not yet asked for: beyond the first reading pauses until it is below the second.
constexpr std::size_t kHighWater = 16U << 20U;
constexpr std::size_t kLowWater = 4U << 20U;

net::DialTarget target_of(const RelayUrl& url) {
  return {url.secure(), url.host(), url.port(), url.target(), url.authority()};
}

}  // namespace

class RelayLink::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(net::IoShard& shard) : shard_(shard) {}

  Result<void, DialFault> dial(const RelayUrl& url, const net::DialOptions& options) {
    std::promise<DialFault> failed;
    auto fault = failed.get_future();
    shard_.post([self = shared_from_this(), &failed, target = target_of(url), options] {
      self->dial_ = net::dial_websocket(self->shard_, target, options,
                                        [self, &failed](Result<net::Dialed, net::DialFailure> result) {
                                          failed.set_value(self->take(std::move(result)));
                                        });
    });
    DialFault found = fault.get();
    if (!found.why.empty()) return failure(std::move(found));
    return success();
  }

  void send(std::string_view text) {
    {
      Lock lock(mutex_);
      sent_bytes_ += text.size();
      ++sent_messages_;
    }
    shard_.post([self = shared_from_this(), text = std::string(text)] {
      if (self->connection_) self->connection_->send(text);
    });
  }

  std::optional<std::string> receive(SteadyTime deadline) {
    Lock lock(mutex_);
    while (inbox_.empty()) {
      if (!end_.empty() || lock.wait_until(changed_, deadline) == std::cv_status::timeout) break;
    }
    if (inbox_.empty()) return std::nullopt;
    std::string text = std::move(inbox_.front());
    inbox_.pop_front();
    inbox_bytes_ -= text.size();
    if (paused_ && inbox_bytes_ < kLowWater) {
      paused_ = false;
      shard_.post([self = shared_from_this()] {
        if (self->connection_) self->connection_->resume_reading();
      });
    }
    return text;
  }

  void pause(SteadyTime deadline) {
    Lock lock(mutex_);
    while (end_.empty() && lock.wait_until(changed_, deadline) != std::cv_status::timeout) {
    }
  }

  void close() {
    shard_.post([self = shared_from_this()] {
      self->dial_.reset();
      if (self->connection_) self->connection_->close(net::CloseCause::policy, net::kCloseNormal, "");
    });
  }

  std::string end() const {
    Lock lock(mutex_);
    return end_;
  }
  std::uint64_t sent_bytes() const {
    Lock lock(mutex_);
    return sent_bytes_;
  }
  std::uint64_t received_bytes() const {
    Lock lock(mutex_);
    return received_bytes_;
  }
  std::uint64_t sent_messages() const {
    Lock lock(mutex_);
    return sent_messages_;
  }
  std::uint64_t received_messages() const {
    Lock lock(mutex_);
    return received_messages_;
  }

 private:
  // Why there is no connection, "" where there is one.
  DialFault take(Result<net::Dialed, net::DialFailure> result) {
    if (!result) {
      constexpr unsigned kTooManyRequests = 429;
      const net::NetFailure& fault = result.error().failure;
      std::string why(net::name(fault.error));
      if (fault.http_status != 0) why += " " + std::to_string(fault.http_status);
      if (!fault.detail.empty()) why += ": " + fault.detail;
      return {std::move(why), fault.http_status == kTooManyRequests};
    }
    connection_ = result.value().connection;
    net::WsConnection::Callbacks callbacks;
    callbacks.on_message = [self = shared_from_this()](std::string_view text) { self->on_message(text); };
    callbacks.on_drained = [] {};
    callbacks.on_closed = [self = shared_from_this()](net::CloseCause cause, std::uint16_t, std::string_view reason) {
      self->on_closed(cause, reason);
    };
    connection_->start(std::move(callbacks));
    return {};
  }

  void on_message(std::string_view text) {
    Lock lock(mutex_);
    received_bytes_ += text.size();
    ++received_messages_;
    inbox_.emplace_back(text);
    inbox_bytes_ += text.size();
    if (!paused_ && inbox_bytes_ > kHighWater) {
      paused_ = true;
      connection_->pause_reading();
    }
    changed_.notify_all();
  }

  void on_closed(net::CloseCause cause, std::string_view reason) {
    connection_.reset();
    Lock lock(mutex_);
    end_ = reason.empty() ? std::string(net::name(cause)) : std::string(reason);
    changed_.notify_all();
  }

  net::IoShard& shard_;
  // Of the shard.
  std::unique_ptr<net::PendingDial> dial_;
  net::WsConnectionPtr connection_;

  mutable Mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> inbox_ PHAROS_GUARDED_BY(mutex_);
  std::size_t inbox_bytes_ PHAROS_GUARDED_BY(mutex_) = 0;
  bool paused_ PHAROS_GUARDED_BY(mutex_) = false;
  std::string end_ PHAROS_GUARDED_BY(mutex_);
  std::uint64_t sent_bytes_ PHAROS_GUARDED_BY(mutex_) = 0;
  std::uint64_t received_bytes_ PHAROS_GUARDED_BY(mutex_) = 0;
  std::uint64_t sent_messages_ PHAROS_GUARDED_BY(mutex_) = 0;
  std::uint64_t received_messages_ PHAROS_GUARDED_BY(mutex_) = 0;
};

RelayLink::RelayLink(net::IoShard& shard) : state_(std::make_shared<State>(shard)) {}

RelayLink::~RelayLink() { state_->close(); }

Result<void, RelayLink::DialFault> RelayLink::dial(const RelayUrl& url, const net::DialOptions& options) {
  return state_->dial(url, options);
}

void RelayLink::send(std::string_view text) { state_->send(text); }

std::optional<RelayMessage> RelayLink::receive(std::chrono::milliseconds timeout) {
  const SteadyTime deadline = wait_deadline(timeout);
  while (auto text = state_->receive(deadline)) {
    auto message = parse_relay_message(*text);
    if (message && !keeps(message.value())) return std::move(message).value();
  }
  return std::nullopt;
}

void RelayLink::authenticate_as(const RelayUrl& url, router::Signer signer, const Clock& clock) {
  auth_.emplace(url, std::move(signer));
  clock_ = &clock;
}

bool RelayLink::keeps(const RelayMessage& message) {
  if (!auth_) return false;
  if (const auto* ok = std::get_if<OkReply>(&message)) {
    using Outcome = router::ClientAuth::Outcome;
    const Outcome outcome = auth_->on_ok(ok->id, ok->accepted);
    if (outcome == Outcome::refused) auth_refusal_ = ok->message.empty() ? "no reason" : ok->message;
    return outcome != Outcome::not_ours;
  }
  const auto* challenge = std::get_if<AuthReply>(&message);
  if (challenge == nullptr) return false;
  if (const auto answer = auth_->on_challenge(challenge->challenge, clock_->unix_now())) {
    std::string text;
    append_auth_command(text, *answer);
    send(text);
  }
  return true;
}

void RelayLink::pause(std::chrono::milliseconds time) { state_->pause(wait_deadline(time)); }

std::string RelayLink::end() const { return state_->end(); }

std::string RelayLink::why_silent() const {
  const std::string reason = end();
  return reason.empty() ? "the relay does not answer" : "the connection was closed: " + printable(reason);
}
std::uint64_t RelayLink::sent_bytes() const { return state_->sent_bytes(); }
std::uint64_t RelayLink::received_bytes() const { return state_->received_bytes(); }
std::uint64_t RelayLink::sent_messages() const { return state_->sent_messages(); }
std::uint64_t RelayLink::received_messages() const { return state_->received_messages(); }

}  // namespace pharos::app
