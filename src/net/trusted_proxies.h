// Whose word about a client's address is believed, and what it is. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/ip_range.h"

namespace pharos::net {

using TrustedProxies = std::vector<IpRange>;

// endpoint as "192.0.2.1:4711" or "[2001:db8::1]:4711".
bool is_trusted(const TrustedProxies& proxies, std::string_view endpoint);

// The client's address as "192.0.2.1:0" or "[2001:db8::1]:0": of the hops that X-Forwarded-For lists, the one next to
// us that is no proxy of ours, since whatever stands before it anyone may have written. `direct` where that is not to
// be believed, where an entry on the way is no address, and where all are proxies.
std::string forwarded_client(std::string_view forwarded_for, const std::string& direct, const TrustedProxies& proxies);

// Whether a trusted peer looks like a proxy that tells nobody's address: it passes on a request for a public name,
// "host" or "host:port". Local programs ask for an address or for localhost.
bool hides_its_clients(std::string_view forwarded_for, std::string_view host, std::string_view direct,
                       const TrustedProxies& proxies);

}  // namespace pharos::net
