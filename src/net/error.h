// What can go wrong on the network, by stage; the label of connect metrics and of probe results.
#pragma once

#include <string>
#include <string_view>

namespace pharos::net {

enum class NetError {
  bad_address,      // not an address we can listen on or dial
  address_refused,  // a private or special address, refused by policy
  bind,
  dns,
  tcp,
  tls,
  tls_certificate,  // the certificate did not verify
  http,             // the upgrade or request was refused; see status
  proxy,
  timeout,
  too_large,
  closed,
};
std::string_view name(NetError error);

struct NetFailure {
  NetError error = NetError::tcp;
  unsigned http_status = 0;  // for NetError::http
  std::string detail;
};

}  // namespace pharos::net
