// Relay URLs in their normal form: the key under which relays are compared, stored and published (NIP-66 `d`).
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace pharos {

enum class Network { clearnet, tor, i2p, loki };
std::string_view name(Network network);

enum class RelayUrlError {
  too_long,
  not_a_relay_scheme,
  has_credentials,
  bad_host,
  bad_port,
  bad_character,
  has_fragment
};
std::string_view describe(RelayUrlError error);

// Normal form: scheme ws or wss and host in lower case, default port dropped, path with dot segments resolved and
// without a trailing slash unless it is the root, which is always "/"; query kept.
class RelayUrl {
 public:
  static Result<RelayUrl, RelayUrlError> parse(std::string_view text);

  const std::string& text() const { return text_; }  // "wss://relay.example.com/"
  bool secure() const { return secure_; }
  const std::string& host() const { return host_; }  // IPv6 without brackets
  std::uint16_t port() const { return port_; }
  const std::string& target() const { return target_; }  // path and query, at least "/"
  Network network() const;
  // The http(s) URL under which NIP-11 is fetched.
  std::string http_url() const;
  // Host with port when it is not the default, as in the Host header.
  std::string authority() const;

  friend bool operator==(const RelayUrl& a, const RelayUrl& b) { return a.text_ == b.text_; }
  friend auto operator<=>(const RelayUrl& a, const RelayUrl& b) { return a.text_ <=> b.text_; }

 private:
  std::string text_;
  std::string host_;
  std::string target_;
  std::uint16_t port_ = 0;
  bool secure_ = false;
};

}  // namespace pharos
