// Connects to the first of several addresses that answers: one after the other, each with a short head start over the
// next (RFC 8305 in small). Shard-local; destroying it gives up.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "net/byte_stream.h"
#include "net/io_shards.h"
#include "util/result.h"

namespace pharos::net {

class TcpConnector {
 public:
  virtual ~TcpConnector() = default;
};

// The stream, or the last failure as text. Never called from inside connect_tcp().
using ConnectHandler = std::function<void(Result<std::unique_ptr<ByteStream>, std::string>)>;
[[nodiscard]] std::unique_ptr<TcpConnector> connect_tcp(IoShard& shard,
                                                        std::vector<boost::asio::ip::tcp::endpoint> endpoints,
                                                        ConnectHandler handler);

}  // namespace pharos::net
