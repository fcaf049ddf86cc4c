#include "net/error.h"

namespace pharos::net {

std::string_view name(NetError error) {
  switch (error) {
    case NetError::bad_address:
      return "bad_address";
    case NetError::address_refused:
      return "address_refused";
    case NetError::bind:
      return "bind";
    case NetError::dns:
      return "dns";
    case NetError::tcp:
      return "tcp";
    case NetError::tls:
      return "tls";
    case NetError::tls_certificate:
      return "tls_certificate";
    case NetError::http:
      return "http";
    case NetError::proxy:
      return "proxy";
    case NetError::timeout:
      return "timeout";
    case NetError::too_large:
      return "too_large";
    case NetError::closed:
      return "closed";
  }
  return "unknown";
}

}  // namespace pharos::net
