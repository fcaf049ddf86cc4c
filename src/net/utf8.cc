#include "net/utf8.h"

#include <cstdint>
#include <cstring>

namespace pharos::net {

bool is_valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  const auto continues = [&](std::ptrdiff_t i) { return (p[i] & 0xc0U) == 0x80U; };
  while (p < end) {
    std::uint64_t word = 0;
    while (end - p >= 8) {
      std::memcpy(&word, p, 8);
      if ((word & 0x8080808080808080ULL) != 0) break;
      p += 8;
    }
    if (p == end) break;
    const unsigned lead = *p;
    const std::ptrdiff_t left = end - p;
    if (lead < 0x80) {
      p += 1;
    } else if (lead >= 0xc2 && lead <= 0xdf) {
      if (left < 2 || !continues(1)) return false;
      p += 2;
    } else if ((lead & 0xf0U) == 0xe0U) {
      if (left < 3 || !continues(1) || !continues(2)) return false;
      if ((lead == 0xe0 && p[1] < 0xa0) || (lead == 0xed && p[1] > 0x9f)) return false;
      p += 3;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      if (left < 4 || !continues(1) || !continues(2) || !continues(3)) return false;
      if ((lead == 0xf0 && p[1] < 0x90) || (lead == 0xf4 && p[1] > 0x8f)) return false;
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace pharos::net
