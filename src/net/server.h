// A listening address: accepts, does TLS, reads the first request, and either upgrades it to a WebSocket or answers it
// as plain HTTP/1.1. Used by the relay (public) and the admin listener.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/error.h"
#include "net/io_shards.h"
#include "net/ws_connection.h"
#include "util/result.h"
#include "util/snapshot.h"

namespace pharos::net {

class TlsContext;

struct HttpRequest {
  std::string method;
  std::string target;  // path and query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string peer_address;
  // Case-insensitive; several headers of one name are joined by ", ". "" when absent.
  std::string header(std::string_view name) const;
};

struct HttpResponse {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct ServerOptions {
  std::string listen = "127.0.0.1:7777";  // address:port, port 0 picks one; [::]:port for IPv6
  std::size_t max_connections = 10'000;
  std::chrono::milliseconds handshake_timeout{10'000};  // TLS, request head and body
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 256 * 1024;
  WsOptions ws;
};

// Called on the connection's shard.
struct ServerHandlers {
  // nullopt: answer 404/426 as fits. Must not block.
  std::function<HttpResponse(const HttpRequest&)> on_http;
  // Asked before an upgrade; a response refuses it (404 for another path, 503 when draining).
  std::function<std::optional<HttpResponse>(const HttpRequest&)> on_upgrade;
  // The WebSocket is open; call start() on it.
  std::function<void(WsConnectionPtr, const HttpRequest&)> on_connection;
};

class Server {
 public:
  // tls may hold nullptr: plain. A new snapshot serves connections accepted from then on.
  static Result<std::unique_ptr<Server>, NetFailure> listen(const ServerOptions& options, IoShards& shards,
                                                            std::vector<IoShard*> on, ServerHandlers handlers,
                                                            std::shared_ptr<Snapshot<TlsContext>> tls);
  virtual ~Server() = default;
  // The bound address with the real port.
  virtual std::string address() const = 0;
  // Stops accepting; open connections go on. Any thread, idempotent.
  virtual void stop_accepting() = 0;
};

}  // namespace pharos::net
