// Signals that come at a bad time.

#include <gmock/gmock.h>
#include <signal.h>

#include "support/eventually.h"
#include "support/pharos_instance.h"
#include "support/raw_socket.h"
#include "support/scripted_relay_server.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;

TEST(Signals, AHangupWhileDrainingDoesNotEndTheProgram) {
  PharosInstance relay("drain_timeout = \"1s\"\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  RawSocket deaf(relay.relay_address());  // never answers the close, so that the drain takes its time
  ASSERT_TRUE(deaf.send(ws_request()));
  ASSERT_THAT(deaf.read_until("\r\n\r\n"), HasSubstr(" 101 "));
  relay.process().signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return relay.log().find("draining") != std::string::npos; }));
  relay.process().signal(SIGHUP);
  EXPECT_EQ(relay.process().wait(), 0) << relay.log();
  EXPECT_THAT(relay.log(), HasSubstr("drained"));
}

TEST(Signals, ClientsAreShownOutBeforeUpstreamsAreWaitedFor) {
  net::IoShards shards(1);
  shards.start();
  test::ScriptedRelayServer upstream(shards);
  PharosInstance relay("drain_timeout = \"30s\"\n[[upstream]]\nname = \"up\"\nurl = \"" + upstream.url() + "\"\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  const auto upstream_is_open = [&] {
    std::size_t open = 0;
    upstream.with([&](test::ScriptedRelay& script) { open = script.open_subscriptions(); });
    return open > 0;
  };
  ASSERT_TRUE(eventually(upstream_is_open)) << relay.log();
  RawSocket deaf(relay.relay_address());  // keeps the drain waiting
  ASSERT_TRUE(deaf.send(ws_request()));
  ASSERT_THAT(deaf.read_until("\r\n\r\n"), HasSubstr(" 101 "));
  relay.process().signal(SIGTERM);
  ASSERT_THAT(deaf.read_until(ws_close(1001).substr(0, 2)), HasSubstr(ws_close(1001).substr(0, 2)));
  EXPECT_TRUE(upstream_is_open());
  ASSERT_TRUE(deaf.send(ws_frame(0x88, ws_close(1001))));
  EXPECT_EQ(relay.process().wait(), 0) << relay.log();
}

}  // namespace
}  // namespace pharos::testing
