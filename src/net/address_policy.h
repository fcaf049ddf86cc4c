// Which addresses of the internet are public (the IANA special-purpose registries of IPv4 and IPv6). Pure.
#pragma once

#include <boost/asio/ip/address.hpp>

namespace pharos::net {

// False for private, loopback, link-local, shared, multicast, documentation and reserved addresses, and for IPv6
// addresses that carry such an IPv4 address (mapped, translated, 6to4, Teredo).
bool is_public_address(const boost::asio::ip::address& address);

}  // namespace pharos::net
