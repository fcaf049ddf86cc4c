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

#include "metrics/net_metrics.h"
#include "net/error.h"
#include "net/io_shards.h"
#include "net/trusted_proxies.h"
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
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Length and Connection are net's
  std::string body;                                          // left out for HEAD, with its length told
};

// Takes the response to one request, once; further calls change nothing. Any thread, at once or later.
using HttpAnswer = std::function<void(HttpResponse)>;

struct ServerOptions {
  std::string listen = "127.0.0.1:7777";  // address:port, port 0 picks one; [::]:port takes IPv4 as well
  metrics::NetMetrics::Listener listener = metrics::NetMetrics::Listener::relay;  // the label of its metrics
  std::size_t max_connections = 10'000;                 // beyond it 503, and at once closed far beyond it
  std::size_t max_connections_per_address = 0;          // 0 for no cap; counted for the client behind a trusted proxy
  std::chrono::milliseconds handshake_timeout{10'000};  // TLS, request head and body
  std::chrono::milliseconds http_idle_timeout{15'000};  // between requests of a kept-alive connection
  std::chrono::milliseconds answer_timeout{30'000};     // of on_http_later; beyond it 503
  std::size_t max_requests_per_connection = 100;        // plain HTTP
  std::size_t max_header_bytes = 16 * 1024;             // beyond it 431
  std::size_t max_body_bytes = 256 * 1024;              // beyond it 413
  TrustedProxies trusted_proxies;                       // whose word about a client's address is believed
  // A trusted proxy begins every connection with a header of the PROXY protocol, others do not.
  bool proxy_protocol = false;
  WsOptions ws;
};

// Called on the connection's shard, unless another thread is named.
struct ServerHandlers {
  // Whether this "address:port" gets nothing here: asked on any shard when a connection is accepted, which is closed at
  // once then, and for the client of each request, which is answered by 403: behind a trusted proxy only the second
  // tells. Unset: nobody is blocked.
  std::function<bool(const std::string& peer_address)> is_blocked;
  // Asked for the client of each request that is not blocked. A time: it comes too fast, and is told by 429 (RFC 6585)
  // to come again then. Under TLS it is asked before the handshake, which costs more than what comes after it, in place
  // of the first request of the same client; who comes too fast is cut off. Unset: nobody does.
  std::function<std::optional<std::chrono::seconds>(const std::string& peer_address)> is_too_fast;
  // Must not block. Unset: 404, or 426 when there is on_connection.
  std::function<HttpResponse(const HttpRequest&)> on_http;
  // Asked before on_http. True takes the request: the response comes through `answer`. Must not block either.
  std::function<bool(const HttpRequest&, const HttpAnswer& answer)> on_http_later;
  // Asked before an upgrade; a response refuses it (404 for another path, 503 when draining). Unset: every path.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> on_upgrade;
  // The WebSocket is open; call start() on it. Unset: upgrades are answered as plain HTTP.
  std::function<void(WsConnectionPtr, const HttpRequest&)> on_connection;
};

class Server {
 public:
  // Binds on the calling thread; serves once the shards run. Connections go to the shards of `on` in turn.
  // tls may hold nullptr: plain. A new snapshot serves connections accepted from then on.
  static Result<std::unique_ptr<Server>, NetFailure> listen(const ServerOptions& options, IoShards& shards,
                                                            std::vector<IoShard*> on, ServerHandlers handlers,
                                                            std::shared_ptr<Snapshot<TlsContext>> tls);
  virtual ~Server() = default;  // stops accepting
  // The bound address with the real port.
  virtual std::string address() const = 0;
  // Stops accepting; open connections go on. Any thread, idempotent.
  virtual void stop_accepting() = 0;
  // Connections open now, upgraded or not. Any thread.
  virtual std::size_t connection_count() const = 0;
};

}  // namespace pharos::net
