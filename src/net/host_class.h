// What the host part of a URL is, judged by its text: a name, or an address and which kind. Pure; any thread.
#pragma once

#include <string_view>

namespace pharos::net {

enum class HostClass { name, public_address, special_address };

// host as in DialTarget: IPv6 without brackets. Special is what DialOptions::allow_private_addresses = false refuses.
HostClass classify_host(std::string_view host);

}  // namespace pharos::net
