// A connected TCP socket as a ByteStream.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "net/byte_stream.h"
#include "net/io_shards.h"

namespace pharos::net {

// Takes a socket of the shard's context that is connected.
std::unique_ptr<ByteStream> make_tcp_stream(IoShard& shard, boost::asio::ip::tcp::socket socket,
                                            const boost::asio::ip::tcp::endpoint& peer);

}  // namespace pharos::net
