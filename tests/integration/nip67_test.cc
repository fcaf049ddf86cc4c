// NIP-67: an EOSE that says that there is no more.

#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Nip67, TheHintIsGivenWhenAllWasGivenAndNotOtherwise) {
  PharosInstance relay("eose_hint = \"on\"\ndefault_limit = 3\nmax_limit = 4");
  ASSERT_TRUE(relay.start()) << relay.log();
  EXPECT_THAT(http_get(relay.relay_address(), "/", "Accept: application/nostr+json\r\n").body, HasSubstr(",67,"));
  NipClient client(relay);
  test::Person alice = somebody();
  test::Person bob = somebody();
  const UnixSeconds start = now();
  for (int i = 0; i < 10; ++i) EXPECT_THAT(client.publish(alice.event(1, start - 100 - i, "x")), IsTaken());
  const auto eose = [&](const std::string& fields, std::size_t events) {
    client.send("[\"REQ\",\"s\",{" + fields + "}]");
    for (std::size_t i = 0; i < events; ++i) EXPECT_THAT(client.next(), HasSubstr("[\"EVENT\",\"s\""));
    return client.next();
  };
  const std::string all = R"(["EOSE","s",["finish"]])";
  const std::string cut = R"(["EOSE","s"])";
  EXPECT_EQ(eose(authors(bob), 0), all);
  EXPECT_EQ(eose(authors(alice), 3), cut);
  EXPECT_EQ(eose(authors(alice) + ",\"limit\":2", 2), cut);
  EXPECT_EQ(eose(authors(alice) + ",\"limit\":100", 4), cut);
  EXPECT_EQ(eose(authors(alice) + ",\"limit\":0", 0), cut);
  EXPECT_EQ(eose(authors(alice) + ",\"until\":" + std::to_string(start - 107), 3), all);
  EXPECT_EQ(eose("\"ids\":[]", 0), all);

  // A page that the relay ends does not part the events of one second, or the next page would miss some.
  const UnixSeconds second = start - 50;
  for (int i = 0; i < 6; ++i) EXPECT_THAT(client.publish(bob.event(1, second, std::to_string(i))), IsTaken());
  EXPECT_EQ(eose(authors(bob), 6), all);
}

TEST(Nip67, ItIsNotGivenByDefault) {
  NipClient client;
  EXPECT_EQ(client.ask(R"(["REQ","s",{"ids":[]}])"), R"(["EOSE","s"])");
  EXPECT_THAT(client.all_so_far(), IsEmpty());
}

}  // namespace
}  // namespace pharos::testing
