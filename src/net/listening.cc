#include "net/listening.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "net/endpoint.h"
#include "net/listening_impl.h"

namespace pharos::net {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr int kBacklog = 4096;

}  // namespace

std::optional<NetFailure> open_listening(tcp::acceptor& acceptor, const std::string& address, bool listens) {
  const std::optional<tcp::endpoint> endpoint = parse_endpoint(address);
  if (!endpoint)
    return NetFailure{NetError::bad_address, 0, "\"" + address + "\" is not address:port (IPv6 as [address]:port)"};
  boost::system::error_code ec;
  acceptor.open(endpoint->protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && endpoint->address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), ec);
  if (!ec) acceptor.non_blocking(true, ec);
  if (!ec) acceptor.bind(*endpoint, ec);
  if (!ec && listens) acceptor.listen(kBacklog, ec);
  if (ec) return NetFailure{NetError::bind, 0, "cannot listen on " + address + ": " + ec.message()};
  return std::nullopt;
}

std::optional<NetFailure> check_listening(const std::string& address) {
  asio::io_context context;
  tcp::acceptor acceptor(context);
  return open_listening(acceptor, address, false);
}

}  // namespace pharos::net
