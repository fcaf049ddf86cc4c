#include "net/address_text.h"

#include <algorithm>

#include "net/endpoint.h"

namespace pharos::net {
namespace asio = boost::asio;

namespace {

std::optional<asio::ip::address> parse_address(const std::string& text) {
  boost::system::error_code ec;
  const asio::ip::address address = asio::ip::make_address(text, ec);
  if (ec) return std::nullopt;
  return unmapped(address);
}

}  // namespace

bool is_endpoint_text(const std::string& text) { return parse_endpoint(text).has_value(); }

bool endpoints_collide(const std::string& one, const std::string& other) {
  const auto a = parse_endpoint(one);
  const auto b = parse_endpoint(other);
  if (!a || !b || a->port() == 0 || a->port() != b->port()) return false;
  // [::] listens on IPv4 too.
  const auto takes_in = [](const asio::ip::address& wide, const asio::ip::address& narrow) {
    return wide == narrow || (wide.is_unspecified() && (wide.is_v6() || narrow.is_v4()));
  };
  return takes_in(a->address(), b->address()) || takes_in(b->address(), a->address());
}

std::string host_of(const std::string& peer_address) {
  std::string host = peer_address.substr(0, peer_address.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return host;
}

std::string address_block(const std::string& address) {
  const auto parsed = parse_address(address);
  if (!parsed || !parsed->is_v6()) return address;
  constexpr std::size_t kNetworkBytes = 8;
  auto bytes = parsed->to_v6().to_bytes();
  std::fill(bytes.begin() + kNetworkBytes, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace pharos::net
