// A stream whose peer begins with a PROXY protocol header: the header is taken off, and the peer is who it names.
// Shard-local.
#pragma once

#include <functional>
#include <memory>

#include "net/byte_stream.h"

namespace pharos::net {

// Reads the header; done is called once, with the stream behind it, or with nullptr where there is no such header. The
// caller bounds the time. Where the proxy cannot tell the peer, it stays the proxy.
class ProxyHeaderReader : public std::enable_shared_from_this<ProxyHeaderReader> {
 public:
  using Done = std::function<void(std::unique_ptr<ByteStream>)>;

  explicit ProxyHeaderReader(std::unique_ptr<ByteStream> lower) : lower_(std::move(lower)) {}
  void start(Done done);
  // done is not called any more.
  void close();

 private:
  void read_on();
  void parse();

  std::unique_ptr<ByteStream> lower_;
  std::string received_;
  Done done_;
};

}  // namespace pharos::net
