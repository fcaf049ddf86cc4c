// One WebSocket (RFC 6455), server or client side, plain or TLS, with permessage-deflate (RFC 7692) when negotiated.
// One reader, one bounded coalescing writer: frames queued in one turn of the loop leave in one send.
// Shard-local: every call and every callback on the connection's shard. An open connection keeps itself alive until
// on_closed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace pharos::net {

class IoShard;
class SharedText;

// Why a connection ended; the label of connections_closed_total.
enum class CloseCause {
  peer,      // the peer closed or vanished
  idle,      // no sign of life within the timeout
  slow,      // the outbound cap was exceeded, or nothing was read within the idle timeout
  protocol,  // RFC 6455 violation, bad UTF-8, too large
  policy,    // closed by the layer above
  shutdown,
};
std::string_view name(CloseCause cause);

struct WsOptions {
  std::size_t max_message_bytes = 512 * 1024;   // inflated; beyond it 1009
  std::size_t max_fragments = 1024;             // of one message; beyond it 1008
  std::size_t max_outbound_bytes = 16U << 20U;  // queued, as framed; beyond it the peer is cut off as slow
  std::size_t low_water_bytes = 256 * 1024;     // on_drained fires when the queue falls below it
  std::chrono::milliseconds ping_interval{30'000};
  std::chrono::milliseconds idle_timeout{75'000};  // no byte, no pong; or what is due stays unread
  std::chrono::milliseconds close_timeout{5'000};  // from close() to giving up on the peer
  double pings_per_second = 10;                    // that the peer may send, with bursts of ping_burst; beyond it 1008
  double ping_burst = 50;
  bool deflate = true;
  // Better ratio, but 46 KiB a connection, 39 KiB more when the peer compresses, and send_shared() shares nothing.
  bool deflate_context_takeover = false;
  std::size_t deflate_min_bytes = 256;  // shorter messages are sent as they are
};

class WsConnection {
 public:
  struct Callbacks {
    // One text message; the view dies with the call. Binary frames are refused with 1003 below this interface.
    // After pause_reading() or close() no further message comes, not even one that was received already.
    std::function<void(std::string_view)> on_message;
    // The queue fell below low_water_bytes after having been above it.
    std::function<void()> on_drained;
    // Last call, once. code is the peer's close code (1005 none, 1006 abnormal); reason is the peer's, or ours when
    // we found it at fault.
    std::function<void(CloseCause, std::uint16_t code, std::string_view reason)> on_closed;
  };

  virtual ~WsConnection() = default;

  // Takes the callbacks and begins reading. Once.
  virtual void start(Callbacks callbacks) = 0;

  // Queues one text message made of the parts. When the queue would exceed its cap the connection is closed as slow
  // (1008 with a reason) and false is returned; also false after close.
  virtual bool send(std::initializer_list<std::string_view> parts) = 0;
  bool send(std::string_view text) { return send({text}); }
  // The same for the message prefix + rest, whose rest goes to other connections too: what can be done once for all
  // of them is. Nothing of rest is needed after the call.
  virtual bool send_shared(std::string_view prefix, const SharedText& rest) = 0;

  virtual std::size_t queued_bytes() const = 0;

  // Stop reading: TCP pushes back on the peer. Idle time does not count meanwhile.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  // Flushes what is queued, sends the close frame, waits a bounded time for the peer's. on_closed follows.
  virtual void close(CloseCause cause, std::uint16_t code, std::string_view reason) = 0;

  virtual const std::string& peer_address() const = 0;  // "192.0.2.1:4711", or the proxy's word where trusted
  virtual IoShard& shard() = 0;
};

using WsConnectionPtr = std::shared_ptr<WsConnection>;

}  // namespace pharos::net
