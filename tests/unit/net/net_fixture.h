// A server and the shards it runs on, for tests over loopback; and calls into a shard from the test's thread.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "net/io_shards.h"
#include "net/server.h"
#include "net/tls.h"

namespace pharos::net::testing {

// Runs f on the shard and waits for its result.
template <class F>
auto run_on(IoShard& shard, F f) -> decltype(f()) {
  std::promise<decltype(f())> done;
  auto result = done.get_future();
  shard.post([&] {
    if constexpr (std::is_void_v<decltype(f())>) {
      f();
      done.set_value();
    } else {
      done.set_value(f());
    }
  });
  return result.get();
}

// A server that echoes messages, unless its handlers are replaced before start().
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : shards_(2, metrics()) {
    options_.listen = "127.0.0.1:0";
    handlers_.on_connection = [](WsConnectionPtr connection, const HttpRequest&) {
      WsConnection& echo = *connection;
      connection->start({[&echo](std::string_view text) { echo.send(text); }, {}, {}});
    };
    handlers_.on_http = [](const HttpRequest& request) {
      return HttpResponse{200, {{"Content-Type", "text/plain"}}, request.method + " " + request.target + "\n"};
    };
  }
  ~ServerTest() override { stop(); }

  // What a derived fixture must do before its own members go, when handlers use them.
  void stop() {
    server_.reset();
    shards_.stop();
  }
  void start() {
    shards_.start();
    auto listening = Server::listen(options_, shards_, {&shards_.serving(0), &shards_.serving(1)}, handlers_, tls_);
    ASSERT_TRUE(listening.has_value()) << listening.error().detail;
    server_ = std::move(listening).value();
  }
  std::string address() const { return server_->address(); }
  std::uint16_t port() const {
    const std::string text = address();
    return static_cast<std::uint16_t>(std::stoul(text.substr(text.rfind(':') + 1)));
  }

  // Cells behind the counters that tests look at.
  struct Cells {
    std::atomic<std::uint64_t> sends{0};
    std::atomic<std::uint64_t> frames{0};
    std::atomic<std::uint64_t> wire_sent{0};
    std::atomic<std::uint64_t> payload_sent{0};
    std::atomic<std::uint64_t> opened{0};
    std::atomic<std::uint64_t> rejected_max{0};
    std::atomic<std::uint64_t> rejected_handshake{0};
    std::atomic<std::uint64_t> rejected_rate{0};
    std::atomic<std::uint64_t> tls_failures{0};
    std::atomic<std::int64_t> buffered{0};
    std::array<std::atomic<std::uint64_t>, 6> closed{};
  };
  metrics::NetMetrics metrics() {
    using M = metrics::NetMetrics;
    M m;
    m.sends = metrics::Counter(&cells_.sends);
    m.frames_sent = metrics::Counter(&cells_.frames);
    m.sent_wire_bytes = metrics::Counter(&cells_.wire_sent);
    m.sent_payload_bytes = metrics::Counter(&cells_.payload_sent);
    m.listeners[0].opened = metrics::Counter(&cells_.opened);
    m.rejected[static_cast<std::size_t>(M::Rejected::max)] = metrics::Counter(&cells_.rejected_max);
    m.rejected[static_cast<std::size_t>(M::Rejected::handshake)] = metrics::Counter(&cells_.rejected_handshake);
    m.rejected[static_cast<std::size_t>(M::Rejected::rate)] = metrics::Counter(&cells_.rejected_rate);
    m.tls_handshake_failures = metrics::Counter(&cells_.tls_failures);
    m.outbound_buffered_bytes = metrics::Gauge(&cells_.buffered);
    for (std::size_t i = 0; i < m.closed.size(); ++i) m.closed[i] = metrics::Counter(&cells_.closed[i]);
    return m;
  }

  Cells cells_;
  IoShards shards_;
  ServerOptions options_;
  ServerHandlers handlers_;
  std::shared_ptr<Snapshot<TlsContext>> tls_;
  std::unique_ptr<Server> server_;
};

}  // namespace pharos::net::testing
