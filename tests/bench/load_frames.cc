#include "bench/load_frames.h"

#include <cstring>

namespace pharos::bench {
namespace {

// Any key will do on loopback; this one makes the server's work that of any other.
constexpr std::uint64_t kMask = 0x5A17C3395A17C339U;

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

}  // namespace

void append_frame(std::string& out, Opcode opcode, std::initializer_list<std::string_view> parts, bool compressed) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  out += static_cast<char>(0x80 | (compressed ? 0x40 : 0) | static_cast<int>(opcode));
  if (size < 126) {
    out += static_cast<char>(0x80 | size);
  } else if (size < 65536) {
    out += static_cast<char>(0x80 | 126);
    append_big_endian(out, size, 2);
  } else {
    out += static_cast<char>(0x80 | 127);
    append_big_endian(out, size, 8);
  }
  out.append(reinterpret_cast<const char*>(&kMask), 4);
  const std::size_t begin = out.size();
  for (const std::string_view part : parts) out += part;
  char* at = out.data() + begin;
  std::size_t left = size;
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    word ^= kMask;
    std::memcpy(at, &word, 8);
  }
  for (std::size_t i = 0; i < left; ++i) at[i] = static_cast<char>(at[i] ^ reinterpret_cast<const char*>(&kMask)[i]);
}

void append_stored_message(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint16_t>(text.size());
  const auto inverse = static_cast<std::uint16_t>(~size);
  const char head[] = {0, static_cast<char>(size & 0xFF), static_cast<char>(size >> 8),
                       static_cast<char>(inverse & 0xFF), static_cast<char>(inverse >> 8)};
  // The empty block that RFC 7692 wants at the end, without the four bytes that it leaves out.
  append_frame(out, Opcode::text, {{head, sizeof head}, text, {"\0", 1}}, true);
}

FrameRead read_frame(std::string_view bytes, FrameView& frame) {
  if (bytes.size() < 2) return FrameRead::partial;
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  const auto second = static_cast<std::uint8_t>(bytes[1]);
  if ((second & 0x80) != 0 || (first & 0x30) != 0) return FrameRead::bad;
  std::size_t header = 2;
  std::uint64_t length = second;
  if (second >= 126) {
    const std::size_t more = second == 126 ? 2 : 8;
    if (bytes.size() < header + more) return FrameRead::partial;
    length = big_endian(bytes.substr(header, more));
    header += more;
  }
  if (length > (std::uint64_t{1} << 30)) return FrameRead::bad;
  frame.size = header + static_cast<std::size_t>(length);
  if (bytes.size() < frame.size) return FrameRead::partial;
  frame.opcode = static_cast<Opcode>(first & 0x0F);
  frame.last = (first & 0x80) != 0;
  frame.compressed = (first & 0x40) != 0;
  frame.payload = bytes.substr(header, frame.size - header);
  return FrameRead::whole;
}

}  // namespace pharos::bench
