// The client's side of WebSocket framing (RFC 6455) and as much of permessage-deflate (RFC 7692) as a load generator
// needs: it sends stored blocks, which every inflater takes, and hands up what came compressed as it came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace pharos::bench {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Appends one masked frame whose payload is the parts in a row.
void append_frame(std::string& out, Opcode opcode, std::initializer_list<std::string_view> parts,
                  bool compressed = false);

// Appends a text message (up to 65535 bytes) as a compressed one.
void append_stored_message(std::string& out, std::string_view text);

struct FrameView {
  Opcode opcode = Opcode::text;
  bool last = true;         // of its message
  bool compressed = false;  // on the first frame of a message
  std::string_view payload;
  std::size_t size = 0;  // header and payload
};

enum class FrameRead { whole, partial, bad };

// Reads the frame of a server, which are not masked, at the start of bytes.
FrameRead read_frame(std::string_view bytes, FrameView& frame);

}  // namespace pharos::bench
