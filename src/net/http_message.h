// Small pieces of HTTP/1.1 text (RFC 9110, RFC 9112) that both sides need. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pharos::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

bool equals_ignoring_case(std::string_view a, std::string_view b);
// Without spaces and tabs around it.
std::string_view trimmed(std::string_view text);

// Calls visit with each trimmed, non-empty element of a list.
template <class Visit>
void for_each_element(std::string_view list, char separator, Visit&& visit) {
  for (std::size_t start = 0; start <= list.size();) {
    const std::size_t end = std::min(list.find(separator, start), list.size());
    const std::string_view element = trimmed(list.substr(start, end - start));
    if (!element.empty()) visit(element);
    start = end + 1;
  }
}

// Case-insensitive; several headers of one name are joined by ", ". "" when absent.
std::string header_of(const Headers& headers, std::string_view name);
std::size_t header_count(const Headers& headers, std::string_view name);
// True when the comma-separated value has the token, ignoring case.
bool has_token(std::string_view value, std::string_view token);

// "Not Found" for 404; "Status" for a code without a registered phrase.
std::string_view reason_phrase(unsigned status);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t unix_seconds);

// Appends "name: value\r\n". A name or value that would break out of its line is left out.
void append_header(std::string& out, std::string_view name, std::string_view value);

}  // namespace pharos::net
