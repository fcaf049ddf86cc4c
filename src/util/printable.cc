#include "util/printable.h"

#include "util/utf8.h"

namespace pharos {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

std::string_view cut(std::string_view text) {
  if (text.size() <= kMaxPrintableBytes) return text;
  std::size_t end = kMaxPrintableBytes;
  while (end > kMaxPrintableBytes - 3 && (byte_at(text, end) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

std::string printable(std::string_view text) {
  text = cut(text);
  const bool valid = is_utf8(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = byte_at(text, i);
    if (byte < 0x20 || byte == 0x7f) {
      out += ' ';
    } else if (byte >= 0x80 && !valid) {
      out += '?';
    } else if (byte == 0xc2 && byte_at(text, i + 1) < 0xa0) {
      out += ' ';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace pharos
