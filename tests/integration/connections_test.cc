// Who may connect, as the settings say.

#include <gmock/gmock.h>

#include "support/eventually.h"
#include "support/pharos_instance.h"
#include "support/raw_socket.h"
#include "support/ws_client.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Connections, OneAddressGetsItsShareAndNoMore) {
  PharosInstance relay("max_connections_per_address = 2\ntrusted_proxies = []\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  WsClient first(relay.relay_address());
  WsClient second(relay.relay_address());
  RawSocket third(relay.relay_address());
  ASSERT_TRUE(third.send(ws_request()));
  EXPECT_THAT(third.read_until("\r\n\r\n"), HasSubstr(" 503 "));
  EXPECT_THAT(http_get(relay.admin_address(), "/metrics").body,
              HasSubstr("pharos_connections_rejected_total{reason=\"per_ip\"} 1\n"));
}

TEST(Connections, EachClientBehindATrustedProxyGetsItsShare) {
  PharosInstance relay("max_connections_per_address = 1\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  const auto upgrade = [&](RawSocket& socket, const std::string& client) {
    std::string request = ws_request();
    request.insert(request.size() - 2, "X-Forwarded-For: " + client + "\r\n");
    EXPECT_TRUE(socket.send(request));
    return socket.read_until("\r\n\r\n");
  };
  RawSocket first(relay.relay_address());
  RawSocket second(relay.relay_address());
  RawSocket other(relay.relay_address());
  EXPECT_THAT(upgrade(first, "192.0.2.7"), HasSubstr(" 101 "));
  EXPECT_THAT(upgrade(second, "192.0.2.7"), HasSubstr(" 503 "));
  EXPECT_THAT(upgrade(other, "192.0.2.8"), HasSubstr(" 101 "));
}

TEST(Connections, AProxyThatHidesItsClientsIsToldOfOnce) {
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  const std::string complaint = "a proxy sends no X-Forwarded-For";
  const auto ask = [&](const std::string& host) {
    RawSocket socket(relay.relay_address());
    EXPECT_TRUE(socket.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
    EXPECT_THAT(socket.read_until("\r\n\r\n"), HasSubstr(" 200 "));
  };
  ask("127.0.0.1:7777");
  EXPECT_THAT(relay.log(), Not(HasSubstr(complaint)));
  ask("relay.example.com");
  ASSERT_TRUE(eventually([&] { return relay.log().find(complaint) != std::string::npos; }));
  ask("relay.example.com");
  const std::string log = relay.log();
  EXPECT_EQ(log.find(complaint), log.rfind(complaint));
}

TEST(Connections, ATrustedProxyIsNotHeldToIt) {
  PharosInstance relay("max_connections_per_address = 2\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  WsClient first(relay.relay_address());
  WsClient second(relay.relay_address());
  WsClient third(relay.relay_address());
  EXPECT_EQ(http_get(relay.relay_address(), "/", "Accept: application/nostr+json\r\n").status, 200U);
}

}  // namespace
}  // namespace pharos::testing
