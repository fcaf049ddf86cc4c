#include "nostr/json_write.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "util/hex.h"

namespace pharos {
namespace {

// What a byte becomes inside a string: 0 itself, 'u' a \u00xx escape, anything else the letter after the backslash.
constexpr auto kEscapes = [] {
  std::array<char, 256> table{};
  for (unsigned i = 0; i < 0x20; ++i) table[i] = 'u';
  table['\b'] = 'b';
  table['\t'] = 't';
  table['\n'] = 'n';
  table['\f'] = 'f';
  table['\r'] = 'r';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }

// The first byte at or after `at` that needs an escape, or end. Eight bytes a step: nearly all text is clean.
const char* find_escape(const char* at, const char* end) {
  while (end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighs;
    if ((controls | zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\')) != 0) break;
    at += 8;
  }
  while (at != end && kEscapes[static_cast<unsigned char>(*at)] == 0) ++at;
  return at;
}

}  // namespace

void append_json_integer(std::string& out, std::int64_t value) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    const char* const stop = find_escape(at, end);
    out.append(at, stop);
    if (stop == end) break;
    const char escape = kEscapes[static_cast<unsigned char>(*stop)];
    out += '\\';
    out += escape;
    if (escape == 'u') {
      const auto byte = static_cast<std::uint8_t>(*stop);
      char hex[4] = {'0', '0'};
      encode_hex({&byte, 1}, hex + 2);
      out.append(hex, 4);
    }
    at = stop + 1;
  }
  out += '"';
}

std::size_t json_string_bytes(std::string_view text) {
  std::size_t bytes = text.size() + 2;
  const char* const end = text.data() + text.size();
  for (const char* at = find_escape(text.data(), end); at != end; at = find_escape(at + 1, end)) {
    bytes += kEscapes[static_cast<unsigned char>(*at)] == 'u' ? 5 : 1;
  }
  return bytes;
}

void append_json_tags(std::string& out, const TagList& tags) {
  out += '[';
  bool first_tag = true;
  for (const TagView tag : tags) {
    if (!first_tag) out += ',';
    first_tag = false;
    out += '[';
    for (std::size_t i = 0; i < tag.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, tag[i]);
    }
    out += ']';
  }
  out += ']';
}

std::size_t json_tags_bytes(const TagList& tags) {
  std::size_t bytes = tags.empty() ? 2 : 1;  // brackets, and a comma after all but the last
  for (const TagView tag : tags) {
    bytes += 1 + (tag.empty() ? 2 : 1);
    for (std::size_t i = 0; i < tag.size(); ++i) bytes += 1 + json_string_bytes(tag[i]);
  }
  return bytes;
}

}  // namespace pharos
