#include "util/hex.h"

#include <array>
#include <cstring>

namespace pharos {
namespace {

constexpr std::uint8_t kBad = 0xff;

constexpr auto kNibble = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kBad);
  for (unsigned i = 0; i < 10; ++i) table['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 6; ++i) table['a' + i] = static_cast<std::uint8_t>(10 + i);
  return table;
}();

constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 256> table{};
  constexpr char digits[] = "0123456789abcdef";
  for (unsigned i = 0; i < 256; ++i) table[i] = {digits[i >> 4], digits[i & 15]};
  return table;
}();

}  // namespace

bool decode_hex(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() != out.size() * 2) return false;
  unsigned bad = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const unsigned high = kNibble[static_cast<std::uint8_t>(text[2 * i])];
    const unsigned low = kNibble[static_cast<std::uint8_t>(text[2 * i + 1])];
    bad |= (high | low) & 0xf0U;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return bad == 0;
}

char* encode_hex(std::span<const std::uint8_t> bytes, char* out) {
  for (const std::uint8_t byte : bytes) {
    std::memcpy(out, kPairs[byte].data(), 2);
    out += 2;
  }
  return out;
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  const std::size_t size = out.size();
  out.resize(size + bytes.size() * 2);
  encode_hex(bytes, out.data() + size);
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  append_hex(out, bytes);
  return out;
}

}  // namespace pharos
