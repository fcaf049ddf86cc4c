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

}  // namespace pharos::net
