// An open, ordered stream of bytes: TCP, or TLS over another stream. What the HTTP and WebSocket code above reads and
// writes, so that neither knows which it is.
// Shard-local. Handlers are never called from inside the call that took them, and not any more after close() or
// destruction. A pending operation owns its handler: dropping the loop's handlers frees whatever they hold.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "util/callback.h"

namespace pharos::net {

class IoShard;

enum class ReadStatus {
  data,
  end,     // the peer finished its side in order
  failed,  // see error_text()
};
// The bytes lie in a buffer of the shard and may be changed in place; they die with the call.
using ReadHandler = Callback<void(ReadStatus, std::span<std::uint8_t>)>;

struct WriteOutcome {
  bool ok = false;
  // The send buffer was full and drained: bytes were taken by the peer meanwhile.
  bool stalled = false;
};
using WriteHandler = Callback<void(WriteOutcome)>;

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // One at a time; waits for the next bytes.
  virtual void read(ReadHandler handler) = 0;
  // One at a time; all of the bytes, which stay in place until the handler is called or the stream closed.
  virtual void write(std::string_view bytes, WriteHandler handler) = 0;
  // No more writes follow; the peer reads to the end. After the handler of the last write.
  virtual void shutdown_write() = 0;
  // Gives up at once. Idempotent.
  virtual void close() = 0;

  virtual const std::string& peer_address() const = 0;  // "192.0.2.1:4711", "[2001:db8::1]:4711"
  virtual const std::string& error_text() const = 0;    // of the last failure
  virtual IoShard& shard() = 0;
};

}  // namespace pharos::net
