// Who may connect, as the settings say.

#include <gmock/gmock.h>

#include "support/eventually.h"
#include "support/pharos_instance.h"
#include "support/raw_socket.h"
#include "support/ws_client.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;

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
