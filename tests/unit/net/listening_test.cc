#include "net/listening.h"

#include <gmock/gmock.h>

#include "net/server.h"

namespace pharos::net {
namespace {

using ::testing::HasSubstr;

TEST(Listening, AnAddressThatIsTakenIsToldAndAFreeOneStaysFree) {
  IoShards shards(1);
  shards.start();
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  auto server = Server::listen(options, shards, {}, {}, nullptr);
  ASSERT_TRUE(server.has_value());
  const std::string address = server.value()->address();
  const auto fault = check_listening(address);
  ASSERT_TRUE(fault.has_value());
  EXPECT_THAT(fault->detail, HasSubstr("cannot listen on " + address));
  shards.stop();
  server.value().reset();
  EXPECT_FALSE(check_listening(address).has_value());
  EXPECT_FALSE(check_listening(address).has_value());
  EXPECT_THAT(check_listening("nonsense")->detail, HasSubstr("address:port"));
}

}  // namespace
}  // namespace pharos::net
