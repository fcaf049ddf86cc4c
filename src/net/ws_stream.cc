#include "net/ws_stream.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "net/io_shards.h"
#include "net/shard_impl.h"
#include "net/ws_decoder.h"
#include "net/ws_outbox.h"
#include "util/log.h"
#include "util/token_bucket.h"

namespace pharos::net {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A peer at fault gets this long to read why before the socket goes.
constexpr milliseconds kLinger{2'000};

class WsStream final : public WsConnection, public Abandonable, public std::enable_shared_from_this<WsStream> {
 public:
  WsStream(std::unique_ptr<ByteStream> stream, WsSetup setup)
      : stream_(std::move(stream)),
        shard_(stream_->shard()),
        options_(setup.options),
        role_(setup.role),
        peer_(setup.peer_address.empty() ? stream_->peer_address() : std::move(setup.peer_address)),
        slot_(std::move(setup.slot)),
        stash_(std::move(setup.received)),
        decoder_({setup.role, setup.deflate, options_.max_message_bytes, options_.max_fragments},
                 shard_.impl().deflate),
        outbox_(setup.role, setup.deflate, options_.deflate_min_bytes, options_.max_outbound_bytes,
                shard_.impl().deflate, shard_.metrics()),
        opened_(steady_clock::now()),
        last_seen_(opened_),
        ping_budget_(Rate::per_second(options_.pings_per_second, options_.ping_burst)),
        alive_timer_(shard_),
        end_timer_(shard_) {}
  ~WsStream() override { shard_.impl().open_connections.erase(this); }

  void start(Callbacks callbacks) override {
    callbacks_ = std::move(callbacks);
    shard_.impl().open_connections.insert(this);
    arm_alive_timer();
    read_on();
  }

  using WsConnection::send;
  bool send(std::initializer_list<std::string_view> parts) override {
    return send_by([&] { return outbox_.add_message(parts); });
  }
  bool send_shared(std::string_view prefix, const SharedText& rest) override {
    return send_by([&] { return outbox_.add_shared(prefix, rest); });
  }
  std::size_t queued_bytes() const override { return outbox_.size(); }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override;
  void close(CloseCause cause, std::uint16_t code, std::string_view reason) override;
  const std::string& peer_address() const override { return peer_; }
  IoShard& shard() override { return shard_; }

  void abandon() override {
    const std::shared_ptr<WsStream> keep = shared_from_this();
    const Callbacks dropped = std::exchange(callbacks_, {});
  }

 private:
  // What ends a connection, in order; a stage is never left for an earlier one.
  enum class Stage {
    open,
    closing,    // our close frame is queued or sent, the peer's not yet here
    answering,  // the peer's close frame is here, ours is queued
    lingering,  // no frame will be read or written: the peer reads to the end, what it sends is thrown away
    closed,
  };

  bool reads_messages() const { return stage_ == Stage::open && !paused_; }
  bool reads() const { return !read_ended_ && stage_ != Stage::closed && (stage_ != Stage::open || !paused_); }
  bool writing_or_due() const { return !write_failed_ && outbox_.size() != 0; }
  void read_on();
  void on_read(ReadStatus status, std::span<std::uint8_t> bytes);
  void decode(std::span<std::uint8_t> bytes);
  void handle(const WsDecoder::Event& event);
  void on_ping(std::string_view payload);
  void on_peer_close(std::uint16_t code, std::string_view reason);
  void refuse(std::uint16_t code, std::string_view reason);
  template <class Call>
  void call_up(Call&& call);
  // False as send() says; `add` puts the message into the outbox.
  template <class Add>
  bool send_by(Add&& add);

  void flush_soon();
  void flush();
  void on_written(WriteOutcome outcome);
  void all_written();

  void cut_off();
  void queue_close(std::uint16_t code, std::string_view reason);
  void arm_alive_timer();
  void on_alive_timer();
  void finish();

  std::unique_ptr<ByteStream> stream_;
  IoShard& shard_;
  const WsOptions options_;
  const WsRole role_;
  const std::string peer_;
  std::shared_ptr<void> slot_;
  Callbacks callbacks_;

  Stage stage_ = Stage::open;
  CloseCause cause_ = CloseCause::peer;
  std::uint16_t peer_code_ = kCloseAbnormal;
  std::string end_reason_;

  std::string stash_;  // received, not decoded: behind the handshake or behind a pause
  WsDecoder decoder_;
  bool reading_ = false;
  bool read_ended_ = false;
  bool paused_ = false;

  WsOutbox outbox_;
  bool flush_posted_ = false;
  bool writing_ = false;
  bool write_failed_ = false;
  bool above_low_water_ = false;

  const steady_clock::time_point opened_;
  steady_clock::time_point last_seen_;
  steady_clock::time_point writing_since_;  // while writing_: when the slice under way was handed out
  TokenBucket ping_budget_;
  Timer alive_timer_;
  Timer end_timer_;
};

template <class Call>
void WsStream::call_up(Call&& call) {
  try {
    call();
  } catch (const std::exception& e) {
    shard_.metrics().handler_exceptions.add();
    log::error("net", "exception escaped a connection handler", {{"peer", peer_}, {"what", e.what()}});
    close(CloseCause::policy, kCloseInternal, "internal error");
  }
}

template <class Add>
bool WsStream::send_by(Add&& add) {
  if (stage_ != Stage::open || write_failed_) return false;
  if (!add()) {
    cut_off();
    return false;
  }
  if (outbox_.size() > options_.low_water_bytes) above_low_water_ = true;
  flush_soon();
  return true;
}

void WsStream::cut_off() {
  outbox_.drop_waiting();
  close(CloseCause::slow, kClosePolicy, "slow reader");
}

void WsStream::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  last_seen_ = steady_clock::now();
  read_on();
}

void WsStream::close(CloseCause cause, std::uint16_t code, std::string_view reason) {
  if (stage_ != Stage::open) return;
  stage_ = Stage::closing;
  cause_ = cause;
  if (cause == CloseCause::slow && role_ == WsRole::server) shard_.metrics().slow_client_disconnects.add();
  if (cause == CloseCause::slow || cause == CloseCause::idle) end_reason_ = reason;
  queue_close(code, reason);
  end_timer_.arm(options_.close_timeout, [self = shared_from_this()] { self->finish(); });
  read_on();
}

void WsStream::queue_close(std::uint16_t code, std::string_view reason) {
  outbox_.add_control(Opcode::close, close_payload(code, reason));
  flush_soon();
}

void WsStream::read_on() {
  if (reading_ || !reads()) return;
  reading_ = true;
  if (!stash_.empty()) {
    shard_.post([self = shared_from_this()] {
      self->reading_ = false;
      std::string bytes;
      bytes.swap(self->stash_);
      self->decode({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    });
    return;
  }
  stream_->read([self = shared_from_this()](ReadStatus status, std::span<std::uint8_t> bytes) {
    self->reading_ = false;
    self->on_read(status, bytes);
  });
}

void WsStream::on_read(ReadStatus status, std::span<std::uint8_t> bytes) {
  if (stage_ == Stage::closed) return;
  if (status != ReadStatus::data) {
    read_ended_ = true;
    if (end_reason_.empty() && peer_code_ == kCloseAbnormal && status == ReadStatus::failed)
      end_reason_ = stream_->error_text();
    // A peer that finished sending may still read our answer to what it sent.
    if (status == ReadStatus::failed || stage_ != Stage::answering || !writing_or_due()) finish();
    return;
  }
  last_seen_ = steady_clock::now();
  decode(bytes);
}

void WsStream::decode(std::span<std::uint8_t> bytes) {
  while (!bytes.empty() && (stage_ == Stage::closing || reads_messages())) handle(decoder_.next(bytes));
  if (stage_ == Stage::open && !bytes.empty()) stash_.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  read_on();
}

void WsStream::handle(const WsDecoder::Event& event) {
  switch (event.kind) {
    case WsDecoder::Event::Kind::none:
    case WsDecoder::Event::Kind::pong:
      return;
    case WsDecoder::Event::Kind::text:
      shard_.metrics().received_payload_bytes.add(event.payload.size());
      if (stage_ != Stage::open) return;
      call_up([&] {
        if (callbacks_.on_message) callbacks_.on_message(event.payload);
      });
      return;
    case WsDecoder::Event::Kind::ping:
      return on_ping(event.payload);
    case WsDecoder::Event::Kind::close:
      return on_peer_close(event.code, event.payload);
    case WsDecoder::Event::Kind::violation:
      return refuse(event.code, event.payload);
  }
}

void WsStream::on_ping(std::string_view payload) {
  if (stage_ != Stage::open) return;
  if (!ping_budget_.take(1, steady_clock::now())) return refuse(kClosePolicy, "too many pings");
  outbox_.set_pong(payload);
  flush_soon();
}

void WsStream::on_peer_close(std::uint16_t code, std::string_view reason) {
  peer_code_ = code;
  if (end_reason_.empty()) end_reason_ = reason;
  const bool ours_queued = stage_ == Stage::closing;
  stage_ = Stage::answering;
  if (!ours_queued) {
    cause_ = CloseCause::peer;
    queue_close(code, {});
    end_timer_.arm(options_.close_timeout, [self = shared_from_this()] { self->finish(); });
  }
  if (!writing_or_due()) all_written();
}

// The peer broke a rule: say why, read nothing more.
void WsStream::refuse(std::uint16_t code, std::string_view reason) {
  const bool ours_queued = stage_ == Stage::closing;
  stage_ = Stage::answering;
  if (!ours_queued) {
    cause_ = CloseCause::protocol;
    end_reason_ = reason;
    queue_close(code, reason);
  }
  end_timer_.arm(std::min(kLinger, options_.close_timeout), [self = shared_from_this()] { self->finish(); });
  if (!writing_or_due()) all_written();
}

void WsStream::flush_soon() {
  if (flush_posted_ || writing_ || write_failed_) return;
  flush_posted_ = true;
  shard_.post([self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  });
}

void WsStream::flush() {
  if (writing_ || write_failed_ || stage_ == Stage::closed) return;
  const std::string_view slice = outbox_.slice();
  if (slice.empty()) return;
  writing_ = true;
  writing_since_ = steady_clock::now();
  stream_->write(slice, [self = shared_from_this()](WriteOutcome outcome) { self->on_written(outcome); });
}

void WsStream::on_written(WriteOutcome outcome) {
  writing_ = false;
  if (!outcome.ok) {
    // What the peer sent before it went, a close frame perhaps, may still be there to read.
    write_failed_ = true;
    outbox_.drop_waiting();
    if (stage_ == Stage::open) stage_ = Stage::closing;
    end_timer_.arm(std::min(kLinger, options_.close_timeout), [self = shared_from_this()] { self->finish(); });
    if (stage_ == Stage::answering) return all_written();
    return read_on();
  }
  outbox_.sent();
  if (outcome.stalled) last_seen_ = steady_clock::now();
  if (above_low_water_ && outbox_.size() < options_.low_water_bytes) {
    above_low_water_ = false;
    if (stage_ == Stage::open)
      call_up([&] {
        if (callbacks_.on_drained) callbacks_.on_drained();
      });
  }
  if (outbox_.size() != 0) return flush();
  if (stage_ == Stage::answering) all_written();
}

void WsStream::all_written() {
  if (stage_ != Stage::answering) return;
  // After an orderly close the server goes first (RFC 6455 section 7.1.1).
  if (read_ended_ || (role_ == WsRole::server && peer_code_ != kCloseAbnormal)) return finish();
  stage_ = Stage::lingering;
  if (!write_failed_) stream_->shutdown_write();
  read_on();
}

void WsStream::arm_alive_timer() {
  const auto oldest = writing_ ? std::min(last_seen_, writing_since_) : last_seen_;
  const auto quiet = duration_cast<milliseconds>(steady_clock::now() - oldest);
  const milliseconds delay = std::clamp(options_.idle_timeout - quiet, milliseconds(1), options_.ping_interval);
  alive_timer_.arm(delay, [self = shared_from_this()] { self->on_alive_timer(); });
}

void WsStream::on_alive_timer() {
  if (stage_ != Stage::open) return;
  const auto now = steady_clock::now();
  // What it sends shows that it lives, not that it reads.
  if (writing_ && now - writing_since_ >= options_.idle_timeout) return cut_off();
  const auto quiet = now - last_seen_;
  if (!paused_ && quiet >= options_.idle_timeout) return close(CloseCause::idle, kCloseGoingAway, "no sign of life");
  if (quiet >= options_.ping_interval / 2 && outbox_.size() == 0) {
    decoder_.trim();
    outbox_.add_control(Opcode::ping, {});
    flush_soon();
  }
  if (paused_) last_seen_ = now;
  arm_alive_timer();
}

void WsStream::finish() {
  if (stage_ == Stage::closed) return;
  stage_ = Stage::closed;
  alive_timer_.cancel();
  end_timer_.cancel();
  stream_->close();
  shard_.impl().open_connections.erase(this);
  stash_ = {};
  slot_.reset();
  if (role_ == WsRole::server) {
    shard_.metrics().closed[static_cast<std::size_t>(cause_)].add();
    shard_.metrics().duration_seconds.observe(std::chrono::duration<double>(steady_clock::now() - opened_).count());
  }
  const Callbacks callbacks = std::exchange(callbacks_, {});
  call_up([&] {
    if (callbacks.on_closed) callbacks.on_closed(cause_, peer_code_, end_reason_);
  });
}

}  // namespace

std::string_view name(CloseCause cause) {
  switch (cause) {
    case CloseCause::peer:
      return "client";
    case CloseCause::idle:
      return "idle";
    case CloseCause::slow:
      return "slow";
    case CloseCause::protocol:
      return "protocol";
    case CloseCause::policy:
      return "policy";
    case CloseCause::shutdown:
      return "shutdown";
  }
  return "unknown";
}

WsConnectionPtr make_ws_connection(std::unique_ptr<ByteStream> stream, WsSetup setup) {
  return std::make_shared<WsStream>(std::move(stream), std::move(setup));
}

}  // namespace pharos::net
