// Addresses as the settings have them, checked before anything is bound or dialed. Pure; any thread.
#pragma once

#include <string>

namespace pharos::net {

// "192.0.2.1:4711" or "[2001:db8::1]:4711", as listeners and proxies take them; names are not resolved.
bool is_endpoint_text(const std::string& text);

// Two listeners cannot stand on both: the same port, 0 aside, and one address, or one that takes in the other.
bool endpoints_collide(const std::string& one, const std::string& other);

// The address of a peer that is written with its port, "192.0.2.1:4711" or "[2001:db8::1]:4711".
std::string host_of(const std::string& peer_address);

// Whom a connection is counted for: an IPv4 address, or the /64 of an IPv6 address, since that is what one customer
// gets. Texts that are no address stay as they are.
std::string address_block(const std::string& address);

}  // namespace pharos::net
