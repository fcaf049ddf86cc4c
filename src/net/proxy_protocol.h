// The PROXY protocol, versions 1 and 2 (HAProxy's specification): what a proxy says of its client before the first byte
// of the client's. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pharos::net {

struct ProxyHeader {
  enum class State {
    incomplete,  // it may become one with more bytes
    complete,
    invalid,
  };
  State state = State::invalid;
  std::size_t size = 0;  // of a complete one; what follows is the client's
  std::string source;    // the client, "192.0.2.1:4711"; "" where the proxy speaks for itself or cannot tell
};

// The longest header that is read; extensions (TLVs) of version 2 are passed over.
inline constexpr std::size_t kMaxProxyHeader = 4096;

ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace pharos::net
