// Which hosts may be watched at all, judged by the name alone. Names that resolve to private space are refused later,
// when the address is known. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "nostr/relay_url.h"

namespace pharos::monitor {

// False for loopback, private, link-local, documentation, multicast and other special addresses (RFC 6890), for
// localhost, for names without a dot and for the special suffixes local, internal, lan, home.arpa, test, invalid,
// example and localhost.
bool is_public_host(std::string_view host);

// Overlay networks are reached through a proxy alone: their names must not be looked up in the DNS. proxy: there is one
// for Tor; no other overlay has any.
bool has_route(Network network, bool proxy);

// Relays that asked to be left alone: a URL leaves that path alone, a host name all of the host.
class OptOut {
 public:
  // Entries that are neither a relay URL nor a host name are returned by `bad`.
  OptOut(const std::vector<std::string>& entries, std::vector<std::string>* bad);
  bool covers(const RelayUrl& url) const;

 private:
  std::unordered_set<std::string> urls_;
  std::unordered_set<std::string> hosts_;
};

}  // namespace pharos::monitor
