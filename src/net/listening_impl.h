// Listening sockets; inside of net alone.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "net/error.h"

namespace pharos::net {

// Binds to "address:port" and, unless that is all, listens; why that does not do.
std::optional<NetFailure> open_listening(boost::asio::ip::tcp::acceptor& acceptor, const std::string& address,
                                         bool listens = true);

}  // namespace pharos::net
