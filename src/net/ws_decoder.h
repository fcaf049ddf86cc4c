// Bytes in, messages out: the receiving half of RFC 6455 with permessage-deflate, as a state machine without I/O.
// Every way a peer can break the protocol ends in a violation with the close code that answers it.
// One thread. Owned by a connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/deflate.h"
#include "net/ws_extension.h"
#include "net/ws_frame.h"

namespace pharos::net {

class WsDecoder {
 public:
  struct Options {
    WsRole role = WsRole::server;  // ours
    DeflateParams deflate;
    std::size_t max_message_bytes = 512 * 1024;  // inflated
    std::size_t max_fragments = 1024;            // of one message
  };

  struct Event {
    enum class Kind { none, text, ping, pong, close, violation };
    Kind kind = Kind::none;
    // The message, the control payload, or the reason of a close or violation.
    std::string_view payload;
    std::uint16_t code = 0;  // of a close (kCloseNone when absent) or a violation
  };

  WsDecoder(const Options& options, DeflateWorkspace& workspace);

  // Takes bytes from the front of `in` up to the end of one message or control frame, unmasking in place, and says
  // what it was; none when `in` is used up before. The payload is valid until the next call or until `in` is reused.
  // After a close or violation nothing more is decoded.
  Event next(std::span<std::uint8_t>& in);

  // Gives up memory that only a large message needed; between messages.
  void trim();
  std::size_t buffered_bytes() const { return message_.capacity(); }

 private:
  bool read_header(std::span<std::uint8_t>& in);
  Event check_header();
  Event read_payload(std::span<std::uint8_t>& in);
  Event finish_control(std::string_view payload);
  Event finish_message(std::string_view payload);
  Event violation(std::uint16_t code, std::string_view reason);
  bool is_control() const { return (static_cast<unsigned>(opcode_) & 8U) != 0; }

  Options options_;
  DeflateWorkspace& workspace_;
  std::unique_ptr<Inflater> own_inflater_;  // with context takeover only

  std::array<std::uint8_t, kMaxHeaderBytes> header_{};
  std::size_t header_size_ = 0;
  bool in_payload_ = false;
  bool ended_ = false;

  // The frame being read.
  bool fin_ = false;
  bool rsv1_ = false;
  Opcode opcode_ = Opcode::text;
  MaskKey mask_{};
  std::uint64_t frame_size_ = 0;
  std::uint64_t frame_read_ = 0;

  // The message being put together.
  bool in_message_ = false;
  bool compressed_ = false;
  std::size_t fragments_ = 0;
  std::string message_;
  std::string control_;
};

}  // namespace pharos::net
