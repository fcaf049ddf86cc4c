#include "net/ws_connector.h"

#include <thread>

#include <gmock/gmock.h>

#include "dial_fixture.h"
#include "support/eventually.h"
#include "support/raw_socket.h"

namespace pharos::net::testing {
namespace {

using pharos::testing::eventually;
using pharos::testing::RawSocket;
using pharos::testing::ScriptedPeer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class WsConnectorTest : public DialTest {};

TEST_F(WsConnectorTest, DialsAndEchoes) {
  start();
  for (const bool deflate : {true, false}) {
    dial_.ws.deflate = deflate;
    DialOutcome dialed = dial(target_at(port()));
    ASSERT_TRUE(dialed.has_value()) << dialed.error().failure.detail;
    EXPECT_EQ(dialed.value().address, address());
    EXPECT_GT(dialed.value().times.tcp.count(), 0);
    EXPECT_GT(dialed.value().times.http.count(), 0);
    EXPECT_FALSE(dialed.value().tls.used);
    const std::string text(10'000, 'e');
    EXPECT_EQ(echo(dialed.value().connection, text), text);
  }
}

TEST_F(WsConnectorTest, ResolvesNamesOfTheHostsFile) {
  start();
  DialOutcome dialed = dial(target_at(port(), false, "localhost"));
  ASSERT_TRUE(dialed.has_value()) << dialed.error().failure.detail;
  EXPECT_EQ(echo(dialed.value().connection, "x"), "x");
}

TEST_F(WsConnectorTest, ReportsNamesThatDoNotResolve) {
  start();
  DialOutcome dialed = dial(target_at(port(), false, "no-such-host.invalid"));
  ASSERT_FALSE(dialed.has_value());
  EXPECT_TRUE(dialed.error().failure.error == NetError::dns || dialed.error().failure.error == NetError::timeout);
}

TEST_F(WsConnectorTest, ReportsADeadPort) {
  shards_.start();
  std::uint16_t dead = 0;
  {
    dead = ScriptedPeer([](RawSocket&) {}).port();
  }
  const DialOutcome dialed = dial(target_at(dead));
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().failure.error, NetError::tcp);
  EXPECT_THAT(dialed.error().failure.detail, HasSubstr("refused"));
}

TEST_F(WsConnectorTest, GivesUpOnASilentServerAtItsDeadline) {
  shards_.start();
  ScriptedPeer silent([](RawSocket& socket) { socket.read_to_end(); });
  dial_.timeout = milliseconds(1000);
  const DialOutcome dialed = dial(target_at(silent.port()));
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().failure.error, NetError::timeout);
  EXPECT_THAT(dialed.error().failure.detail, HasSubstr("waiting for the upgrade"));
  EXPECT_GT(dialed.error().times.tcp.count(), 0);
}

TEST_F(WsConnectorTest, ReportsTheStatusOfARefusedUpgrade) {
  handlers_.on_upgrade = [](const HttpRequest&) { return HttpResponse{429, {}, "slow down"}; };
  start();
  const DialOutcome dialed = dial(target_at(port()));
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().failure.error, NetError::http);
  EXPECT_EQ(dialed.error().failure.http_status, 429U);
}

TEST_F(WsConnectorTest, RefusesAnswersThatAreNotAnUpgrade) {
  shards_.start();
  const auto failure_of = [&](std::string answer) {
    ScriptedPeer peer([&](RawSocket& socket) {
      socket.read_until("\r\n\r\n");
      socket.send(answer);
    });
    const DialOutcome dialed = dial(target_at(peer.port()));
    EXPECT_FALSE(dialed.has_value()) << answer;
    return dialed.has_value() ? NetFailure{} : dialed.error().failure;
  };
  EXPECT_EQ(failure_of("SSH-2.0-OpenSSH\r\n").error, NetError::http);
  EXPECT_EQ(failure_of("").error, NetError::http);
  EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").http_status, 200U);
  EXPECT_EQ(failure_of("HTTP/1.1 503 Service Unavailable\r\n\r\n").http_status, 503U);
  EXPECT_THAT(failure_of("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: wrong\r\n\r\n")
                  .detail,
              HasSubstr("accept"));
  EXPECT_EQ(failure_of("HTTP/1.1 101 X\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n").error, NetError::http);
}

TEST_F(WsConnectorTest, RefusesPrivateAddressesAfterResolution) {
  start();
  dial_.allow_private_addresses = false;
  for (const char* host : {"127.0.0.1", "localhost", "::1", "10.0.0.1"}) {
    const DialOutcome dialed = dial(target_at(port(), false, host));
    ASSERT_FALSE(dialed.has_value()) << host;
    EXPECT_EQ(dialed.error().failure.error, NetError::address_refused) << host;
  }
}

TEST_F(WsConnectorTest, RefusesTargetsThatWouldBreakTheRequest) {
  start();
  DialTarget target = target_at(port());
  target.target = "/ HTTP/1.1\r\nX: y";
  const DialOutcome dialed = dial(target);
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().failure.error, NetError::bad_address);
}

TEST_F(WsConnectorTest, DialsThroughASocks5Proxy) {
  start();
  std::string asked;
  // Connects what it is asked for, whatever the name, to the server, and copies both ways until the dialer is done.
  ScriptedPeer proxy([&](RawSocket& client) {
    client.read_bytes(3);
    client.send(std::string_view("\x05\x00", 2));
    asked = client.read_bytes(4 + 1 + 11 + 2);
    RawSocket upstream(address());
    client.send(std::string_view("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10));
    upstream.send(client.read_until("\r\n\r\n"));
    client.send(upstream.read_until("\r\n\r\n"));
    client.read_to_end(milliseconds(200));
  });
  dial_.socks5_proxy = proxy.address();
  dial_.allow_private_addresses = false;
  DialOutcome dialed = dial(target_at(80, false, "relay.onion"));
  ASSERT_TRUE(dialed.has_value()) << dialed.error().failure.detail;
  EXPECT_EQ(dialed.value().address, proxy.address());
  EXPECT_THAT(asked, HasSubstr("relay.onion"));
}

TEST_F(WsConnectorTest, ReportsWhatTheProxyRefused) {
  shards_.start();
  ScriptedPeer proxy([](RawSocket& client) {
    client.read_bytes(3);
    client.send(std::string_view("\x05\x00", 2));
    client.read_bytes(10);
    client.send(std::string_view("\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00", 10));
  });
  dial_.socks5_proxy = proxy.address();
  const DialOutcome dialed = dial(target_at(80, false, "relay.onion"));
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().failure.error, NetError::proxy);
  EXPECT_THAT(dialed.error().failure.detail, HasSubstr("host unreachable"));
}

TEST_F(WsConnectorTest, CallsNobodyAfterCancelling) {
  shards_.start();
  ScriptedPeer silent([](RawSocket& socket) { socket.read_to_end(); });
  std::atomic<int> calls{0};
  std::vector<std::unique_ptr<PendingDial>> handles;
  run_on(shard(), [&] {
    for (const char* host : {"127.0.0.1", "localhost", "no-such-host.invalid"})
      handles.push_back(
          dial_websocket(shard(), target_at(silent.port(), false, host), dial_, [&](DialOutcome) { ++calls; }));
    // Names may be answered as soon as the loop turns; the silent peer cannot, so that dial ends while under way.
    handles.resize(1);
  });
  run_on(shard(), [&] { handles.clear(); });
  for (int i = 0; i < 10; ++i) run_on(shard(), [] {});
  EXPECT_EQ(calls, 0);
}

TEST_F(WsConnectorTest, MayBeCancelledFromItsOwnCallback) {
  start();
  std::unique_ptr<PendingDial> handle;
  std::promise<WsConnectionPtr> opened;
  run_on(shard(), [&] {
    handle = dial_websocket(shard(), target_at(port()), dial_, [&](DialOutcome outcome) {
      handle.reset();
      opened.set_value(outcome.value().connection);
    });
  });
  EXPECT_EQ(echo(opened.get_future().get(), "x"), "x");
}

TEST_F(WsConnectorTest, ChurnsThroughManyConnections) {
  start();
  for (int round = 0; round < 10; ++round) {
    std::promise<void> all_ended;
    std::atomic<int> left{20};
    std::vector<std::unique_ptr<PendingDial>> handles;
    run_on(shard(), [&] {
      for (int i = 0; i < 20; ++i)
        handles.push_back(dial_websocket(shard(), target_at(port()), dial_, [&, i](DialOutcome outcome) {
          ASSERT_TRUE(outcome.has_value());
          const WsConnectionPtr connection = outcome.value().connection;
          connection->start({[connection = connection.get(), i](std::string_view) {
                               // Every way to end, some of them impolite.
                               connection->close(CloseCause::policy, static_cast<std::uint16_t>(1000 + i % 2), "done");
                             },
                             {},
                             [&](CloseCause, std::uint16_t, std::string_view) {
                               if (--left == 0) all_ended.set_value();
                             }});
          connection->send("hello " + std::to_string(i));
        }));
    });
    ASSERT_EQ(all_ended.get_future().wait_for(seconds(10)), std::future_status::ready);
    run_on(shard(), [&] { handles.clear(); });
  }
  EXPECT_EQ(cells_.opened, 200U);
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
  EXPECT_TRUE(eventually([&] { return cells_.closed[static_cast<std::size_t>(CloseCause::peer)] == 200U; }));
}

}  // namespace
}  // namespace pharos::net::testing
