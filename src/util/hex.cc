#include "util/hex.h"

#include <array>
#include <bit>
#include <cstring>

namespace pharos {
namespace {

// Sixteen characters at a time, as every x86-64 and AArch64 has registers for; what is left goes one by one.
constexpr std::size_t kWide = 16;
static_assert(std::endian::native == std::endian::little);
typedef std::uint8_t Bytes16 __attribute__((vector_size(16)));
typedef std::uint16_t Words8 __attribute__((vector_size(16)));
typedef std::uint8_t Bytes8 __attribute__((vector_size(8)));

constexpr std::uint8_t kBad = 0xff;

constexpr auto kNibble = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(kBad);
  for (unsigned i = 0; i < 10; ++i) table['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 6; ++i) table['a' + i] = static_cast<std::uint8_t>(10 + i);
  return table;
}();

constexpr char kDigits[] = "0123456789abcdef";

Bytes16 load(const void* from) {
  Bytes16 loaded;
  std::memcpy(&loaded, from, sizeof(loaded));
  return loaded;
}

// A mask of those characters that are digits is left in `good`.
Bytes16 nibbles(Bytes16 text, Bytes16& good) {
  const Bytes16 decimal = text - '0';
  const Bytes16 letter = text - 'a';
  const Bytes16 is_decimal = reinterpret_cast<Bytes16>(decimal < 10);
  const Bytes16 is_letter = reinterpret_cast<Bytes16>(letter < 6);
  good = is_decimal | is_letter;
  return (decimal & is_decimal) | ((letter + 10) & is_letter);
}

}  // namespace

bool decode_hex(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() != out.size() * 2) return false;
  std::size_t at = 0;
  Bytes16 all_good = ~Bytes16{};
  for (; at + kWide <= text.size(); at += kWide) {
    Bytes16 good;
    const auto pairs = reinterpret_cast<Words8>(nibbles(load(text.data() + at), good));
    all_good &= good;
    // The first character of a pair is the lower byte of its word, and the upper half of the result.
    const Bytes8 bytes = __builtin_convertvector((pairs << 4 | pairs >> 8) & 0xff, Bytes8);
    std::memcpy(out.data() + at / 2, &bytes, sizeof(bytes));
  }
  unsigned bad = 0;
  for (; at < text.size(); at += 2) {
    const unsigned high = kNibble[static_cast<std::uint8_t>(text[at])];
    const unsigned low = kNibble[static_cast<std::uint8_t>(text[at + 1])];
    bad |= (high | low) & 0xf0U;
    out[at / 2] = static_cast<std::uint8_t>(high << 4 | low);
  }
  std::uint64_t halves[2];
  std::memcpy(halves, &all_good, sizeof(halves));
  return bad == 0 && (halves[0] & halves[1]) == ~std::uint64_t{0};
}

char* encode_hex(std::span<const std::uint8_t> bytes, char* out) {
  std::size_t at = 0;
  for (; at + kWide / 2 <= bytes.size(); at += kWide / 2) {
    Bytes8 some;
    std::memcpy(&some, bytes.data() + at, sizeof(some));
    const Words8 wide = __builtin_convertvector(some, Words8);
    const auto digits = reinterpret_cast<Bytes16>(wide >> 4 | (wide & 0xf) << 8);
    const auto is_letter = reinterpret_cast<Bytes16>(digits > 9);
    const Bytes16 text = digits + '0' + (is_letter & ('a' - '0' - 10));
    std::memcpy(out, &text, sizeof(text));
    out += sizeof(text);
  }
  for (; at < bytes.size(); ++at) {
    *out++ = kDigits[bytes[at] >> 4];
    *out++ = kDigits[bytes[at] & 0xf];
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
