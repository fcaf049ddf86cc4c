#include "nostr/relay_url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

namespace pharos {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }
bool is_unreserved(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }
// pchar of RFC 3986 without percent-encodings, and the separators of path and query.
bool is_target_character(char c) {
  return is_unreserved(c) || std::string_view("!$&'()*+,;=:@/?").find(c) != std::string_view::npos;
}

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = to_lower(c);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a' + 10);
  return std::nullopt;
}

// Removes the scheme; nullopt when it is neither ws nor wss.
std::optional<bool> take_scheme(std::string_view& text) {
  for (const std::string_view scheme : {"wss://", "ws://"}) {
    if (text.size() < scheme.size()) continue;
    if (!std::equal(scheme.begin(), scheme.end(), text.begin(), [](char a, char b) { return a == to_lower(b); }))
      continue;
    text.remove_prefix(scheme.size());
    return scheme == "wss://";
  }
  return std::nullopt;
}

std::optional<std::string> normal_ipv6(std::string_view text) {
  std::array<unsigned char, 16> address;
  std::array<char, INET6_ADDRSTRLEN> printed;
  if (inet_pton(AF_INET6, std::string(text).c_str(), address.data()) != 1) return std::nullopt;
  return std::string(inet_ntop(AF_INET6, address.data(), printed.data(), printed.size()));
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

// Programs differ on what they take for an address: 127.1, 0x7f.1 and 010.0.0.1 are refused so that nothing slips by.
bool looks_numeric(std::string_view label) { return std::ranges::all_of(label, is_digit) || label.starts_with("0x"); }

std::optional<std::string> normal_name(std::string_view text) {
  std::string name(text);
  std::ranges::transform(name, name.begin(), to_lower);
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name.size() > kMaxName) return std::nullopt;
  std::string_view rest = name;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (!is_label(label)) return std::nullopt;
    if (dot == rest.npos) {
      std::array<unsigned char, 4> address;
      if (looks_numeric(label) && inet_pton(AF_INET, name.c_str(), address.data()) != 1) return std::nullopt;
      return name;
    }
    rest.remove_prefix(dot + 1);
  }
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (value == 0 || value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

// Decodes percent-encoded unreserved characters and spells the other encodings in upper case.
std::optional<std::string> normal_characters(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!is_target_character(text[i])) return std::nullopt;
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const std::optional<unsigned> high = hex_digit(text[i + 1]);
    const std::optional<unsigned> low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    const char decoded = static_cast<char>(*high << 4 | *low);
    if (is_unreserved(decoded))
      out += decoded;
    else
      out.append({'%', to_upper(text[i + 1]), to_upper(text[i + 2])});
    i += 2;
  }
  return out;
}

// path is empty or starts with a slash.
std::string resolve_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash);
    if (segment == ".") continue;
    if (segment == "..") {
      out.resize(std::min(out.rfind('/'), out.size()));
      continue;
    }
    out += '/';
    out += segment;
  }
  while (out.ends_with('/')) out.pop_back();
  return out.empty() ? "/" : out;
}

}  // namespace

std::string_view name(Network network) {
  switch (network) {
    case Network::clearnet:
      return "clearnet";
    case Network::tor:
      return "tor";
    case Network::i2p:
      return "i2p";
    case Network::loki:
      return "loki";
  }
  return "";
}

std::string_view describe(RelayUrlError error) {
  switch (error) {
    case RelayUrlError::too_long:
      return "longer than 1024 bytes";
    case RelayUrlError::not_a_relay_scheme:
      return "the scheme is not ws or wss";
    case RelayUrlError::has_credentials:
      return "has credentials";
    case RelayUrlError::bad_host:
      return "the host is not a name or an address";
    case RelayUrlError::bad_port:
      return "the port is not a number from 1 to 65535";
    case RelayUrlError::bad_character:
      return "has a character that a URL cannot have";
    case RelayUrlError::has_fragment:
      return "has a fragment";
  }
  return "";
}

Result<RelayUrl, RelayUrlError> RelayUrl::parse(std::string_view text) {
  if (text.size() > kMaxSize) return RelayUrlError::too_long;
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }))
    return RelayUrlError::bad_character;

  RelayUrl url;
  const std::optional<bool> secure = take_scheme(text);
  if (!secure) return RelayUrlError::not_a_relay_scheme;
  url.secure_ = *secure;
  if (text.find('#') != text.npos) return RelayUrlError::has_fragment;

  const std::size_t authority_size = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, authority_size);
  std::string_view target = text.substr(authority_size);
  if (authority.find('@') != authority.npos) return RelayUrlError::has_credentials;

  const bool bracketed = authority.starts_with('[');
  const std::size_t bracket = authority.find(']');
  if (bracketed && bracket == authority.npos) return RelayUrlError::bad_host;
  const std::size_t host_end = bracketed ? bracket + 1 : std::min(authority.find(':'), authority.size());
  const std::optional<std::string> host =
      bracketed ? normal_ipv6(authority.substr(1, bracket - 1)) : normal_name(authority.substr(0, host_end));
  if (!host) return RelayUrlError::bad_host;
  url.host_ = *host;

  authority.remove_prefix(host_end);
  url.port_ = url.secure_ ? 443 : 80;
  if (!authority.empty()) {
    if (authority.front() != ':') return RelayUrlError::bad_host;
    const std::optional<std::uint16_t> port = parse_port(authority.substr(1));
    if (!port) return RelayUrlError::bad_port;
    url.port_ = *port;
  }

  const std::optional<std::string> characters = normal_characters(target);
  if (!characters) return RelayUrlError::bad_character;
  const std::size_t query = std::min(characters->find('?'), characters->size());
  url.target_ = resolve_dots(std::string_view(*characters).substr(0, query));
  if (characters->size() - query > 1) url.target_ += characters->substr(query);

  url.text_ = (url.secure_ ? "wss://" : "ws://") + url.authority() + url.target_;
  if (url.text_.size() > kMaxSize) return RelayUrlError::too_long;
  return url;
}

Network RelayUrl::network() const {
  if (host_.ends_with(".onion")) return Network::tor;
  if (host_.ends_with(".i2p")) return Network::i2p;
  if (host_.ends_with(".loki")) return Network::loki;
  return Network::clearnet;
}

std::string RelayUrl::http_url() const { return (secure_ ? "https://" : "http://") + authority() + target_; }

std::string RelayUrl::authority() const {
  std::string out = host_.find(':') == host_.npos ? host_ : "[" + host_ + "]";
  if (port_ != (secure_ ? 443 : 80)) out += ":" + std::to_string(port_);
  return out;
}

}  // namespace pharos
