#include "util/utf8.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace pharos {
namespace {

bool is_tail(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// The length of the well-formed sequence at `at` (Unicode 15, table 3-7), 0 when there is none.
std::ptrdiff_t sequence(const unsigned char* at, const unsigned char* end) {
  const unsigned char lead = at[0];
  const std::ptrdiff_t left = end - at;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (left < 2) return 0;
  const unsigned char second = at[1];
  if (lead < 0xe0) return is_tail(second) ? 2 : 0;
  if (lead < 0xf0) {
    const unsigned char low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned char high = lead == 0xed ? 0x9f : 0xbf;
    return left >= 3 && second >= low && second <= high && is_tail(at[2]) ? 3 : 0;
  }
  const unsigned char low = lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xf4 ? 0x8f : 0xbf;
  return left >= 4 && second >= low && second <= high && is_tail(at[2]) && is_tail(at[3]) ? 4 : 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at != end) {
    while (end - at >= 16) {
      std::uint64_t words[2];
      std::memcpy(words, at, sizeof words);
      if (((words[0] | words[1]) & 0x8080808080808080) != 0) break;
      at += 16;
    }
    // Up to the next plain stretch, a sequence at a time.
    const auto* const stop = end - at > 16 ? at + 16 : end;
    while (at < stop) {
      const std::ptrdiff_t length = sequence(at, end);
      if (length == 0) return false;
      at += length;
    }
  }
  return true;
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !is_tail(static_cast<unsigned char>(c)); }));
}

}  // namespace pharos
