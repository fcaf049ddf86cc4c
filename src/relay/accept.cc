#include "relay/accept.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "net/http_message.h"

namespace pharos::relay {
namespace {

using net::equals_ignoring_case;
using net::trimmed;

// Cuts the part up to the separator off the front of rest; separators inside quoted strings do not count.
std::string_view next_part(std::string_view& rest, char separator) {
  bool is_quoted = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') is_quoted = !is_quoted;
    if (is_quoted && rest[i] == '\\') {
      ++i;
      continue;
    }
    if (is_quoted || rest[i] != separator) continue;
    const std::string_view part = rest.substr(0, i);
    rest.remove_prefix(i + 1);
    return trimmed(part);
  }
  return trimmed(std::exchange(rest, {}));
}

// RFC 9110 section 12.4.2: 0 to 1 with at most three decimals.
std::optional<double> parse_q(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int thousandths = (text[0] - '0') * 1000;
  if (text.size() > 1) {
    if (text[1] != '.') return std::nullopt;
    int unit = 100;
    for (const char c : text.substr(2)) {
      if (c < '0' || c > '9') return std::nullopt;
      thousandths += (c - '0') * unit;
      unit /= 10;
    }
  }
  return thousandths <= 1000 ? std::optional(thousandths / 1000.0) : std::nullopt;
}

struct Range {
  std::string_view type;
  double q = 1.0;
};

std::optional<Range> next_range(std::string_view& header) {
  while (!header.empty()) {
    std::string_view part = next_part(header, ',');
    Range range{next_part(part, ';')};
    bool is_good = !range.type.empty();
    while (!part.empty()) {
      std::string_view parameter = next_part(part, ';');
      const std::string_view name = next_part(parameter, '=');
      if (!equals_ignoring_case(name, "q")) continue;
      const auto q = parse_q(trimmed(parameter));
      is_good = is_good && q.has_value();
      range.q = q.value_or(0.0);
    }
    if (is_good) return range;
  }
  return std::nullopt;
}

// 3 the type itself, 2 type/*, 1 */*, 0 does not cover it.
int specificity(std::string_view range, std::string_view media_type) {
  if (equals_ignoring_case(range, media_type)) return 3;
  if (range == "*/*") return 1;
  const std::size_t slash = media_type.find('/');
  const bool is_subtype_wildcard = range.size() == slash + 2 && range.ends_with("/*");
  return is_subtype_wildcard && equals_ignoring_case(range.substr(0, slash), media_type.substr(0, slash)) ? 2 : 0;
}

}  // namespace

double accept_quality(std::string_view accept, std::string_view media_type) {
  if (trimmed(accept).empty()) return 1.0;
  int best = 0;
  double quality = 0.0;
  while (const auto range = next_range(accept)) {
    const int how = specificity(range->type, media_type);
    if (how == 0 || how < best) continue;
    quality = how == best ? std::max(quality, range->q) : range->q;
    best = how;
  }
  return quality;
}

bool accept_names(std::string_view accept, std::string_view media_type) {
  while (const auto range = next_range(accept)) {
    if (equals_ignoring_case(range->type, media_type)) return true;
  }
  return false;
}

}  // namespace pharos::relay
