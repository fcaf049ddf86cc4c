// Dialing out: resolve (c-ares), TCP (or SOCKS5), TLS, WebSocket upgrade, with the time of each stage; and one small
// HTTP GET. Call on the shard; callbacks come on the shard, never from inside the call. Each attempt has one deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/error.h"
#include "net/io_shards.h"
#include "net/ws_connection.h"
#include "util/result.h"

namespace pharos::net {

struct StageTimes {
  std::chrono::microseconds dns{0};
  std::chrono::microseconds tcp{0};  // with a proxy: until it is connected to the target
  std::chrono::microseconds tls{0};
  std::chrono::microseconds http{0};  // the upgrade, or the whole request and answer
  std::chrono::microseconds total() const { return dns + tcp + tls + http; }
};

struct TlsPeer {
  bool used = false;
  std::int64_t not_after_unix_seconds = 0;  // 0 when no certificate was shown
  std::string issuer;
};

struct DialTarget {
  bool secure = false;
  std::string host;  // IPv6 without brackets
  std::uint16_t port = 0;
  std::string target = "/";
  std::string host_header;  // "" for host and, where it is not the scheme's own, port
};

struct DialOptions {
  std::chrono::milliseconds timeout{20'000};
  bool allow_private_addresses = true;  // false: refuse what resolves to non-public space, on the address used
  std::string socks5_proxy;             // "127.0.0.1:9050", "" for direct; the proxy resolves the name
  std::string ca_file;                  // additional trust anchors (PEM), "" for the system's alone
  std::string user_agent = "pharos";
  WsOptions ws;
};

struct Dialed {
  WsConnectionPtr connection;
  StageTimes times;
  TlsPeer tls;
  std::string address;  // the address used, the proxy's where there is one
};

struct DialFailure {
  NetFailure failure;
  StageTimes times{};  // of the stages that were finished
  TlsPeer tls{};       // the certificate that was refused, for example
};

// Cancels the attempt when destroyed: the callback is not called any more. Shard-local.
class PendingDial {
 public:
  virtual ~PendingDial() = default;
};

using DialCallback = std::function<void(Result<Dialed, DialFailure>)>;
[[nodiscard]] std::unique_ptr<PendingDial> dial_websocket(IoShard& shard, const DialTarget& target,
                                                          const DialOptions& options, DialCallback done);

struct Fetched {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  StageTimes times;  // of the last hop
  TlsPeer tls;
};
struct FetchOptions {
  DialOptions dial;
  std::optional<std::string> post;  // the body of a POST, instead of a GET
  std::vector<std::pair<std::string, std::string>> headers;
  std::size_t max_body_bytes = 256 * 1024;  // beyond it too_large
  unsigned max_redirects = 1;               // of http and https, under the same address policy; the next is the answer
};
[[nodiscard]] std::unique_ptr<PendingDial> http_get(IoShard& shard, const DialTarget& target,
                                                    const FetchOptions& options,
                                                    std::function<void(Result<Fetched, DialFailure>)> done);

}  // namespace pharos::net
