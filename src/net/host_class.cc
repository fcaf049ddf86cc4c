#include "net/host_class.h"

#include <string>

#include "net/address_policy.h"

namespace pharos::net {

HostClass classify_host(std::string_view host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (error) return HostClass::name;
  return is_public_address(address) ? HostClass::public_address : HostClass::special_address;
}

}  // namespace pharos::net
