// Relay URLs in their normal form: the key under which relays are compared, stored and published (NIP-66 `d`).
#pragma once

#include <cstdint>
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

// Normal form (RFC 3986, 6.2): scheme ws or wss and host in lower case, a host's final dot and the default port
// dropped, IPv6 in its shortest form, percent-encoded unreserved characters decoded and other percent-encodings in
// upper case, path with dot segments resolved and without trailing slashes unless it is the root, which is always "/";
// query kept unless empty. The normal form of a normal form is itself.
//
// Refused: more than 1024 bytes, credentials, fragments, white space, control and non-ASCII characters (international
// names come as punycode), ports outside 1..65535, labels that are not 1..63 letters, digits, hyphens (inside) or
// underscores, names over 253 bytes, and a last label that looks like a number unless the host is a dotted quad.
class RelayUrl {
 public:
  static constexpr std::size_t kMaxSize = 1024;

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
