#include "util/uri.h"

#include <algorithm>
#include <cctype>

namespace pharos {

bool is_uri(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == text.size()) return false;
  const auto is_of_scheme = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.');
  };
  const bool has_scheme = std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
                          std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), is_of_scheme);
  return has_scheme && std::ranges::none_of(text, [](unsigned char c) { return c <= ' '; });
}

bool is_web_url(const std::string& text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.starts_with(scheme)) return text.size() > scheme.size() && is_uri(text);
  }
  return false;
}

}  // namespace pharos
