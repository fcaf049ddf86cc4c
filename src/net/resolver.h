// Names to addresses, asynchronously (c-ares): /etc/hosts first, then DNS. One lookup per object.
// Shard-local; destroying the lookup cancels it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "net/io_shards.h"
#include "util/result.h"

namespace pharos::net {

class Lookup {
 public:
  virtual ~Lookup() = default;
};

// The addresses in the order to try them, at least one; else why there is none. Never called from inside resolve().
using LookupHandler = std::function<void(Result<std::vector<boost::asio::ip::address>, std::string>)>;
// An address literal is its own answer.
[[nodiscard]] std::unique_ptr<Lookup> resolve(IoShard& shard, const std::string& host, LookupHandler handler);

}  // namespace pharos::net
