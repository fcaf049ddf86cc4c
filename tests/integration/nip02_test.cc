// NIP-02, and the relay lists of NIP-65 and NIP-17: lists that anybody may publish, large ones too.

#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(Nip02, OnlyTheLatestFollowListIsKept) {
  NipClient client;
  test::Person alice = somebody();
  test::Person bob = somebody();
  const Event newer = alice.event(3, now() - 600, "", {{"p", bob.hex(), "wss://a.example/", "bob"}});
  EXPECT_THAT(client.publish(newer), IsTaken());
  EXPECT_THAT(client.publish(alice.event(3, now() - 4'200, "", {{"p", alice.hex()}})), IsRefused("duplicate: "));
  EXPECT_THAT(client.query("{\"kinds\":[3]," + authors(alice) + "}"), ElementsAre(newer));
  EXPECT_THAT(client.query("{\"kinds\":[3],\"#p\":[" + in_quotes(bob.hex()) + "]}"), ElementsAre(newer));
  EXPECT_THAT(client.query("{\"kinds\":[3],\"#p\":[" + in_quotes(alice.hex()) + "]}"), SizeIs(0));
}

TEST(Nip02, AListOfThousandsIsKeptWhole) {
  NipClient client;
  test::Person alice = somebody();
  test::Person bob = somebody();
  SeededRandom random(2);
  Event list;
  list.kind = 3;
  list.created_at = now();
  for (int i = 0; i < 4'500; ++i) {
    PublicKey key;
    random.fill(key.data);
    list.tags.add({"p", key.hex()});
  }
  list.tags.add({"p", bob.hex()});
  list = alice.sign(list);
  EXPECT_THAT(client.publish(list), IsTaken());
  EXPECT_THAT(client.query("{\"kinds\":[3],\"#p\":[" + in_quotes(bob.hex()) + "]}"), ElementsAre(list));
}

TEST(Nip02, KeysThatAreNoneDoNotLoseTheList) {
  NipClient client;
  test::Person alice = somebody();
  test::Person bob = somebody();
  const Event list = alice.event(3, now(), "", {{"p", "npub1bob"}, {"p", ""}, {"p"}, {"p", bob.hex()}});
  EXPECT_THAT(client.publish(list), IsTaken());
  EXPECT_THAT(client.query("{\"kinds\":[3],\"#p\":[" + in_quotes(bob.hex()) + "]}"), ElementsAre(list));
}

TEST(Nip65, RelayListsAreTakenFromAnybody) {
  NipClient client;
  for (const Kind kind : {Kind{10002}, Kind{10050}, Kind{10013}, Kind{10019}}) {
    test::Person alice = somebody();
    const Event list = alice.event(kind, now(), "", {{"r", "wss://a.example/", "read"}, {"test"}});
    EXPECT_THAT(client.publish(list), IsTaken()) << kind;
    EXPECT_THAT(client.query("{\"kinds\":[" + std::to_string(kind) + "]," + authors(alice) + "}"), ElementsAre(list));
  }
}

}  // namespace
}  // namespace pharos::testing
