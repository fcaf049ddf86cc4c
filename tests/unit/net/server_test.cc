#include "net/server.h"

#include <gmock/gmock.h>

#include "net_fixture.h"
#include "support/ws_client.h"

namespace pharos::net::testing {
namespace {

using pharos::testing::WsClient;

using ServerEcho = ServerTest;

TEST_F(ServerEcho, EchoesOverAPlainWebSocket) {
  start();
  WsClient client(address());
  for (const std::string text : {"a", "", "gr\xc3\xbc\xc3\x9f"}) {
    ASSERT_TRUE(client.send(text));
    EXPECT_EQ(client.receive(), text);
  }
  client.close();
}

}  // namespace
}  // namespace pharos::net::testing
