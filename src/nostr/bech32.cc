#include "nostr/bech32.h"

#include <algorithm>
#include <array>

namespace pharos {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksumSize = 6;
constexpr std::size_t kMaxPrefix = 83;

constexpr auto kValues = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}();

// The BCH code of BIP-173.
class Checksum {
 public:
  explicit Checksum(std::string_view prefix) {
    for (const char c : prefix) add(static_cast<std::uint8_t>(c) >> 5);
    add(0);
    for (const char c : prefix) add(static_cast<std::uint8_t>(c) & 31);
  }
  void add(unsigned value) {
    constexpr std::uint32_t kGenerators[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    const std::uint32_t top = state_ >> 25;
    state_ = (state_ & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; ++i) {
      if ((top >> i & 1) != 0) state_ ^= kGenerators[i];
    }
  }
  std::uint32_t state() const { return state_; }

 private:
  std::uint32_t state_ = 1;
};

bool is_printable(char c) { return c >= 33 && c <= 126; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// Groups of five bits to bytes; nullopt when the padding is a whole group or not zero.
std::optional<std::vector<std::uint8_t>> to_bytes(std::span<const std::uint8_t> groups) {
  std::vector<std::uint8_t> out;
  out.reserve(groups.size() * 5 / 8);
  unsigned bits = 0;
  unsigned held = 0;
  for (const std::uint8_t group : groups) {
    held = (held << 5 | group) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::uint8_t>(held >> bits));
    }
  }
  if (bits >= 5 || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace

std::optional<std::string> encode_bech32(std::string_view prefix, std::span<const std::uint8_t> bytes) {
  const std::size_t groups = (bytes.size() * 8 + 4) / 5;
  if (prefix.size() + 1 + groups + kChecksumSize > kMaxBech32Size) return std::nullopt;
  std::string out(prefix);
  out += '1';
  Checksum checksum(prefix);
  const auto put = [&](unsigned value) {
    checksum.add(value);
    out += kAlphabet[value];
  };
  unsigned bits = 0;
  unsigned held = 0;
  for (const std::uint8_t byte : bytes) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5;) {
      bits -= 5;
      put(held >> bits & 31);
    }
  }
  if (bits > 0) put(held << (5 - bits) & 31);
  for (std::size_t i = 0; i < kChecksumSize; ++i) checksum.add(0);
  const std::uint32_t sum = checksum.state() ^ 1;
  for (std::size_t i = 0; i < kChecksumSize; ++i) out += kAlphabet[sum >> (5 * (kChecksumSize - 1 - i)) & 31];
  return out;
}

std::optional<std::size_t> foreign_to_bech32(std::string_view text) {
  const std::size_t separator = text.rfind('1');
  if (separator == text.npos) return std::nullopt;
  for (std::size_t i = separator + 1; i < text.size(); ++i) {
    const char lower = is_upper(text[i]) ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (kValues[static_cast<unsigned char>(lower)] < 0) return i;
  }
  return std::nullopt;
}

std::optional<Bech32> decode_bech32(std::string_view text) {
  if (text.size() > kMaxBech32Size || !std::ranges::all_of(text, is_printable)) return std::nullopt;
  if (std::ranges::any_of(text, is_upper) && std::ranges::any_of(text, is_lower)) return std::nullopt;
  std::string lower(text);
  for (char& c : lower) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  const std::size_t separator = lower.rfind('1');
  if (separator == lower.npos || separator == 0 || separator > kMaxPrefix) return std::nullopt;
  if (lower.size() - separator - 1 < kChecksumSize) return std::nullopt;

  Bech32 out{.prefix = lower.substr(0, separator), .bytes = {}};
  Checksum checksum(out.prefix);
  std::vector<std::uint8_t> groups;
  groups.reserve(lower.size() - separator);
  for (const char c : std::string_view(lower).substr(separator + 1)) {
    const std::int8_t value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    groups.push_back(static_cast<std::uint8_t>(value));
    checksum.add(groups.back());
  }
  if (checksum.state() != 1) return std::nullopt;
  groups.resize(groups.size() - kChecksumSize);
  std::optional<std::vector<std::uint8_t>> bytes = to_bytes(groups);
  if (!bytes) return std::nullopt;
  out.bytes = *std::move(bytes);
  return out;
}

}  // namespace pharos
