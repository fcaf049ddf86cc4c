// Addresses as text (settings, logs) and as Asio endpoints.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

namespace pharos::net {

// "192.0.2.1:4711", "[2001:db8::1]:4711"; an IPv4-mapped IPv6 address is written as the IPv4 address it is.
std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);
// The reverse; names are not resolved. nullopt for anything else.
std::optional<boost::asio::ip::tcp::endpoint> parse_endpoint(const std::string& text);
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

}  // namespace pharos::net
