// NIP-62: which requests to vanish are heard, and how far they reach.

#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Nip62 : public ::testing::Test {
 protected:
  Event keep(const Event& event) { return client_.keep(event); }
  Event vanish(UnixSeconds at) { return alice_.event(62, at, "bye", {{"relay", "ALL_RELAYS"}}); }
  std::vector<EventId> of_alice() { return ids(client_.query("{" + authors(alice_) + "}")); }

  NipClient client_;
  test::Person alice_ = somebody();
  test::Person bob_ = somebody();
  const UnixSeconds now_ = now();
};

TEST_F(Nip62, AllRelaysAreThisOne) {
  keep(alice_.event(1, now_ - 10, "x"));
  const Event request = keep(vanish(now_));
  EXPECT_THAT(of_alice(), ElementsAre(request.id));
}

TEST_F(Nip62, ThisRelayIsOneOfSeveral) {
  keep(alice_.event(1, now_ - 10, "x"));
  const Event request = keep(alice_.event(
      62, now_, "", {{"relay", "wss://other.example.com"}, {"relay", "wss://relay.example.com"}, {"p", bob_.hex()}}));
  EXPECT_THAT(of_alice(), ElementsAre(request.id));
}

TEST_F(Nip62, RequestsToOthersAreRefusedAndDoNothing) {
  const Event note = keep(alice_.event(1, now_ - 10, "x"));
  for (const char* relay : {"wss://other.example.com", "all_relays", "", "ALL", "wss://relay.example.com/other"}) {
    EXPECT_THAT(client_.publish(alice_.event(62, now_, "", {{"relay", relay}})), IsRefused("blocked: ")) << relay;
  }
  EXPECT_THAT(client_.publish(alice_.event(62, now_, "")), IsRefused("blocked: "));
  EXPECT_THAT(client_.publish(alice_.event(62, now_, "", {{"r", "ALL_RELAYS"}})), IsRefused("blocked: "));
  EXPECT_THAT(of_alice(), ElementsAre(note.id));
}

TEST_F(Nip62, ItReachesUpToItsTime) {
  const Event before = keep(alice_.event(1, now_ - 60, "before"));
  const Event profile = keep(alice_.event(0, now_ - 60, "{}"));
  const Event same_second = keep(alice_.event(1, now_ - 30, "of that second"));
  const Event deletion = keep(alice_.event(5, now_ - 60, "", {{"e", std::string(64, '9')}}));
  const Event after = keep(alice_.event(1, now_ - 20, "after"));
  const Event request = keep(vanish(now_ - 30));
  EXPECT_THAT(of_alice(), ElementsAre(after.id, request.id));
  for (const Event& event : {before, profile, same_second, deletion}) {
    EXPECT_THAT(client_.publish(event), IsRefused("blocked: "));
  }
  // The key is not banned: who comes back may.
  keep(alice_.event(0, now_ - 10, "{}"));
  EXPECT_THAT(of_alice(), SizeIs(3));
  EXPECT_THAT(client_.count("{" + authors(alice_) + "}"), HasSubstr("\"count\":3"));
  EXPECT_THAT(client_.negotiate("{" + authors(alice_) + "}"), SizeIs(3));
}

TEST_F(Nip62, ItReachesNobodyElse) {
  const Event of_bob = keep(bob_.event(1, now_ - 60, "x", {{"p", alice_.hex()}}));
  keep(vanish(now_));
  EXPECT_THAT(client_.query(by_id(of_bob)), ElementsAre(of_bob));
}

TEST_F(Nip62, WrapsToTheKeyGoAndOthersStay) {
  test::Person nobody = somebody();
  const Event to_alice = keep(nobody.event(1059, now_ - 60, "sealed", {{"p", alice_.hex()}}));
  const Event to_bob = keep(nobody.event(1059, now_ - 60, "sealed", {{"p", bob_.hex()}}));
  NipClient both;
  EXPECT_THAT(both.authenticate(alice_), IsTaken());
  EXPECT_THAT(both.authenticate(bob_), IsTaken());
  const std::string wraps =
      "{\"kinds\":[1059],\"ids\":[" + in_quotes(to_alice.id.hex()) + "," + in_quotes(to_bob.id.hex()) + "]}";
  EXPECT_THAT(both.query(wraps), SizeIs(2));
  keep(vanish(now_));
  EXPECT_THAT(ids(both.query(wraps)), ElementsAre(to_bob.id));
  EXPECT_THAT(client_.publish(to_alice), IsRefused("blocked: "));
}

TEST_F(Nip62, NobodyHasToBeWelcomeToVanish) {
  PharosInstance relay("[ingest]\nmin_pow = 30\nallow_pubkeys = [\"" + bob_.hex() + "\"]\nallow_kinds = [\"1\"]");
  ASSERT_TRUE(relay.start()) << relay.log();
  NipClient client(relay);
  EXPECT_THAT(client.publish(alice_.event(1, now_, "x")), ::testing::Not(IsTaken()));
  EXPECT_THAT(client.publish(vanish(now_)), IsTaken());
}

TEST_F(Nip62, ADeletionDoesNotTakeItBack) {
  const Event note = keep(alice_.event(1, now_ - 60, "x"));
  const Event request = keep(vanish(now_ - 30));
  keep(alice_.event(5, now_, "", {{"e", request.id.hex()}, {"k", "62"}}));
  EXPECT_THAT(client_.query(by_id(request)), ElementsAre(request));
  EXPECT_THAT(client_.publish(note), IsRefused("blocked: "));
}

TEST_F(Nip62, OneFromTheFutureIsRefused) {
  EXPECT_THAT(client_.publish(vanish(now_ + 3'600)), IsRefused("invalid: "));
  keep(alice_.event(1, now_, "x"));
  EXPECT_THAT(of_alice(), SizeIs(1));
}

TEST_F(Nip62, AnEarlierOneThatComesLaterReachesNoLessThanBefore) {
  const Event note = keep(alice_.event(1, now_ - 40, "x"));
  keep(vanish(now_ - 30));
  client_.publish(vanish(now_ - 50));
  EXPECT_THAT(client_.publish(note), IsRefused("blocked: "));
}

}  // namespace
}  // namespace pharos::testing
