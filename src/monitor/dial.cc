#include "monitor/dial.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace pharos::monitor {

net::DialTarget dial_target(const RelayUrl& url) {
  return {url.secure(), url.host(), url.port(), url.target(), url.authority()};
}

net::DialOptions dial_options(const RelayUrl& url, const ProbeOptions& options, std::chrono::milliseconds timeout) {
  net::DialOptions out;
  out.timeout = timeout;
  out.allow_private_addresses = options.allow_private_addresses;
  if (url.network() == Network::tor) out.socks5_proxy = options.socks5_proxy;
  out.ca_file = options.ca_file;
  out.user_agent = options.user_agent;
  out.ws.max_message_bytes = options.max_message_bytes;
  return out;
}

Fault fault_of(net::NetError error) {
  switch (error) {
    case net::NetError::bad_address:
    case net::NetError::bind:
      return Fault::bad_address;
    case net::NetError::address_refused:
      return Fault::address_refused;
    case net::NetError::dns:
      return Fault::dns;
    case net::NetError::tcp:
      return Fault::tcp;
    case net::NetError::tls:
      return Fault::tls;
    case net::NetError::tls_certificate:
      return Fault::tls_certificate;
    case net::NetError::http:
      return Fault::http;
    case net::NetError::proxy:
      return Fault::proxy;
    case net::NetError::timeout:
      return Fault::none;
    case net::NetError::too_large:
      return Fault::too_large;
    case net::NetError::closed:
      return Fault::closed;
  }
  return Fault::tcp;
}

Fault fault_here_or(net::NetError error) {
  const int spare = ::open("/", O_PATH | O_CLOEXEC);
  if (spare < 0 && (errno == EMFILE || errno == ENFILE)) return Fault::local;
  if (spare >= 0) ::close(spare);
  return fault_of(error);
}

std::string detail_of(const net::NetFailure& failure) {
  if (failure.error == net::NetError::http && failure.http_status != 0) return std::to_string(failure.http_status);
  return failure.detail;
}

}  // namespace pharos::monitor
