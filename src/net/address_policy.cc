#include "net/address_policy.h"

#include <array>
#include <cstdint>

namespace pharos::net {
namespace {

using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

struct Ipv4Block {
  std::uint32_t network;
  unsigned prefix;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24U | b << 16U | c << 8U | d;
}

constexpr std::array kSpecialIpv4{
    Ipv4Block{ipv4(0, 0, 0, 0), 8},        // this network
    Ipv4Block{ipv4(10, 0, 0, 0), 8},       // private
    Ipv4Block{ipv4(100, 64, 0, 0), 10},    // shared (carrier-grade NAT)
    Ipv4Block{ipv4(127, 0, 0, 0), 8},      // loopback
    Ipv4Block{ipv4(169, 254, 0, 0), 16},   // link-local
    Ipv4Block{ipv4(172, 16, 0, 0), 12},    // private
    Ipv4Block{ipv4(192, 0, 0, 0), 24},     // protocol assignments
    Ipv4Block{ipv4(192, 0, 2, 0), 24},     // documentation
    Ipv4Block{ipv4(192, 88, 99, 0), 24},   // 6to4 relay anycast, withdrawn
    Ipv4Block{ipv4(192, 168, 0, 0), 16},   // private
    Ipv4Block{ipv4(198, 18, 0, 0), 15},    // benchmarking
    Ipv4Block{ipv4(198, 51, 100, 0), 24},  // documentation
    Ipv4Block{ipv4(203, 0, 113, 0), 24},   // documentation
    Ipv4Block{ipv4(224, 0, 0, 0), 4},      // multicast
    Ipv4Block{ipv4(240, 0, 0, 0), 4},      // reserved, broadcast
};

bool is_public_v4(std::uint32_t address) {
  for (const Ipv4Block& block : kSpecialIpv4)
    if ((address ^ block.network) >> (32U - block.prefix) == 0) return false;
  return true;
}

bool starts_with(const address_v6::bytes_type& bytes, std::initializer_list<unsigned> prefix) {
  std::size_t i = 0;
  for (const unsigned byte : prefix)
    if (bytes[i++] != byte) return false;
  return true;
}

std::uint32_t ipv4_at(const address_v6::bytes_type& bytes, std::size_t at) {
  return ipv4(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

bool is_public_v6(const address_v6& address) {
  const address_v6::bytes_type b = address.to_bytes();
  if (address.is_v4_mapped()) return is_public_v4(ipv4_at(b, 12));
  if (starts_with(b, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return is_public_v4(ipv4_at(b, 12));  // NAT64
  if ((b[0] & 0xe0U) != 0x20U) return false;                              // global unicast is 2000::/3 alone
  if (starts_with(b, {0x20, 0x02})) return is_public_v4(ipv4_at(b, 2));   // 6to4
  if (starts_with(b, {0x20, 0x01, 0x0d, 0xb8})) return false;             // documentation
  if (starts_with(b, {0x3f, 0xff}) && (b[2] & 0xf0U) == 0) return false;  // documentation
  if (starts_with(b, {0x20, 0x01}) && (b[2] & 0xfeU) == 0) return false;  // protocol assignments, Teredo, ORCHID
  return true;
}

}  // namespace

bool is_public_address(const boost::asio::ip::address& address) {
  return address.is_v4() ? is_public_v4(address.to_v4().to_uint()) : is_public_v6(address.to_v6());
}

}  // namespace pharos::net
