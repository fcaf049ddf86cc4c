// The sending half of a WebSocket: frames messages, compresses them where agreed, and hands out what is queued in
// slices for the socket. No I/O. One thread. Owned by a connection.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "metrics/net_metrics.h"
#include "net/deflate.h"
#include "net/shared_text.h"
#include "net/ws_extension.h"
#include "net/ws_frame.h"

namespace pharos::net {

class WsOutbox {
 public:
  // Bytes offered to the socket at once; what is queued beyond goes with the next send.
  static constexpr std::size_t kSliceBytes = 256 * 1024;

  WsOutbox(WsRole role, const DeflateParams& deflate, std::size_t deflate_min_bytes, std::size_t max_bytes,
           DeflateWorkspace& workspace, const metrics::NetMetrics& metrics);
  ~WsOutbox();
  WsOutbox(const WsOutbox&) = delete;
  WsOutbox& operator=(const WsOutbox&) = delete;

  // False, and nothing queued, when the message does not fit under max_bytes.
  bool add_message(std::initializer_list<std::string_view> parts);
  // The same for the message prefix + rest, whose rest goes to others too: where it is compressed it is compressed
  // once for all, unless this connection keeps a window or has a smaller one.
  bool add_shared(std::string_view prefix, const SharedText& rest);
  // Control frames are small and pass the cap; who adds one sees to it that they are few.
  void add_control(Opcode opcode, std::string_view payload);
  // The peer decides how many: only the latest pong that was not handed out yet is kept (RFC 6455 section 5.5.3).
  void set_pong(std::string_view payload);

  // What to send now; "" when nothing is queued. Stays in place until sent() says it went.
  std::string_view slice();
  void sent();

  // Drops the frames of which no byte was handed out and no slice can be half-way through.
  void drop_waiting();
  std::size_t size() const { return waiting_.size() + pong_.size() + in_flight_.size() - offset_; }

 private:
  bool fits(std::size_t bytes) const;
  bool deflates(std::size_t bytes) const { return deflate_.enabled && bytes >= deflate_min_bytes_; }
  // bytes: of the message before compression.
  void queue(bool compressed, std::span<const std::string_view> payload, std::size_t bytes);
  std::optional<MaskKey> mask() const;
  void count(std::size_t before);
  void take_pong();

  const WsRole role_;
  const DeflateParams deflate_;
  const std::size_t deflate_min_bytes_;
  const std::size_t max_bytes_;
  DeflateWorkspace& workspace_;
  const metrics::NetMetrics& metrics_;
  std::unique_ptr<Deflater> own_deflater_;  // with context takeover only

  std::string waiting_;    // grows while in_flight_ is being sent
  std::string pong_;       // a whole frame, or ""; goes behind what waits, but before a close frame
  std::string in_flight_;  // whole frames, sent up to offset_
  std::size_t offset_ = 0;
  std::size_t slice_ = 0;
};

}  // namespace pharos::net
