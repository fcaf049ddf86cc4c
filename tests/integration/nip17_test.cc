// NIP-04, 17 and 59: private messages are for their parties, on every way out.

#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class Nip17 : public ::testing::Test {
 protected:
  Nip17() {
    for (const Event& event : {message_, wrap_, note_}) EXPECT_THAT(sender_.publish(event), IsTaken());
    EXPECT_THAT(of_bob_.authenticate(bob_), IsTaken());
    EXPECT_THAT(of_carol_.authenticate(carol_), IsTaken());
  }
  static std::string to(const test::Person& person, const std::string& more = {}) {
    return "{\"#p\":[" + in_quotes(person.hex()) + "]" + more + "}";
  }
  static std::string closed_with(NipClient& client, const std::string& filters) {
    std::string closed;
    EXPECT_THAT(client.query(filters, &closed), IsEmpty());
    return closed;
  }

  test::Person alice_ = somebody();
  test::Person bob_ = somebody();
  test::Person carol_ = somebody();
  test::Person nobody_ = somebody();  // signs the wrap
  const Event message_ = alice_.event(4, now() - 30, "secret?iv=x", {{"p", bob_.hex()}});
  // Dated back, as NIP-59 has it, by up to two days.
  const Event wrap_ = nobody_.event(1059, now() - 172'000, "sealed", {{"p", bob_.hex()}});
  const Event note_ = alice_.event(1, now() - 10, "hello", {{"p", bob_.hex()}});
  NipClient sender_;
  NipClient of_bob_;
  NipClient of_carol_;
};

TEST_F(Nip17, WhoAsksForThemAloneHasToAuthenticate) {
  for (const char* kinds : {"[4]", "[1059]", "[21059]", "[4,1059]"}) {
    const std::string filter = to(bob_, ",\"kinds\":" + std::string(kinds));
    EXPECT_THAT(closed_with(sender_, filter), HasSubstr(",\"auth-required: ")) << kinds;
    EXPECT_THAT(sender_.count(filter), HasSubstr("CLOSED auth-required: "));
    std::string refused;
    sender_.negotiate(filter, &refused);
    EXPECT_THAT(refused, ::testing::StartsWith("auth-required: "));
  }
}

TEST_F(Nip17, WhoAsksForOthersAsWellDoesNotLearnOfThem) {
  const std::string by_ids = "{\"ids\":[" + in_quotes(message_.id.hex()) + "," + in_quotes(wrap_.id.hex()) + "," +
                             in_quotes(note_.id.hex()) + "]}";
  for (NipClient* client : {&sender_, &of_carol_}) {
    EXPECT_THAT(ids(client->query(to(bob_))), ElementsAre(note_.id));
    EXPECT_THAT(ids(client->query(to(bob_, ",\"kinds\":[1,4,1059]"))), ElementsAre(note_.id));
    EXPECT_THAT(ids(client->query("{" + authors(alice_) + "}")), ElementsAre(note_.id));
    EXPECT_THAT(ids(client->query(by_ids)), ElementsAre(note_.id));
    EXPECT_THAT(client->count(to(bob_)), HasSubstr("\"count\":1"));
    EXPECT_THAT(client->negotiate(to(bob_)), ElementsAre(note_.id));
  }
}

TEST_F(Nip17, ItsPartiesGetThem) {
  EXPECT_THAT(ids(of_bob_.query(to(bob_))), ElementsAre(note_.id, message_.id, wrap_.id));
  EXPECT_THAT(ids(of_bob_.query("{\"kinds\":[1059]," + to(bob_).substr(1))), ElementsAre(wrap_.id));
  EXPECT_THAT(of_bob_.count(to(bob_, ",\"kinds\":[4,1059]")), HasSubstr("\"count\":2"));
  EXPECT_THAT(of_bob_.negotiate(to(bob_)), UnorderedElementsAre(note_.id, message_.id, wrap_.id));
  NipClient of_alice;
  EXPECT_THAT(of_alice.authenticate(alice_), IsTaken());
  EXPECT_THAT(ids(of_alice.query("{\"kinds\":[4]," + authors(alice_) + "}")), ElementsAre(message_.id));
}

TEST_F(Nip17, WhatIsWhollyForOthersIsRestricted) {
  EXPECT_THAT(closed_with(of_carol_, to(bob_, ",\"kinds\":[1059]")), HasSubstr(",\"restricted: "));
  EXPECT_THAT(closed_with(of_carol_, "{\"kinds\":[1059]}"), IsEmpty());
}

TEST_F(Nip17, LiveOnesGoToTheirPartiesAlone) {
  NipClient stranger;
  for (NipClient* client : {&stranger, &of_bob_, &of_carol_}) client->subscribe("live", to(bob_));
  const Event message = alice_.event(4, now(), "secret?iv=y", {{"p", bob_.hex()}});
  const Event wrap = nobody_.event(1059, now(), "sealed", {{"p", bob_.hex()}});
  const Event ephemeral = nobody_.event(21059, now(), "sealed", {{"p", bob_.hex()}});
  const Event last = alice_.event(1, now(), "last", {{"p", bob_.hex()}});
  for (const Event& event : {message, wrap, ephemeral, last}) EXPECT_THAT(sender_.publish(event), IsTaken());
  EXPECT_THAT(of_bob_.heard("live", last), UnorderedElementsAre(message.id, wrap.id, ephemeral.id, last.id));
  EXPECT_THAT(of_carol_.heard("live", last), ElementsAre(last.id));
  EXPECT_THAT(stranger.heard("live", last), ElementsAre(last.id));
  EXPECT_THAT(of_bob_.query(by_id(ephemeral)), IsEmpty());
}

TEST_F(Nip17, AuthOpensWhatCameBefore) {
  NipClient client;
  client.subscribe("live", to(bob_));
  EXPECT_THAT(client.authenticate(bob_), IsTaken());
  EXPECT_THAT(ids(client.query(to(bob_, ",\"kinds\":[1059]"))), ElementsAre(wrap_.id));
  const Event wrap = nobody_.event(1059, now(), "sealed", {{"p", bob_.hex()}});
  EXPECT_THAT(sender_.publish(wrap), IsTaken());
  EXPECT_THAT(client.heard("live", wrap), ElementsAre(wrap.id));
}

TEST_F(Nip17, SearchesDoNotFindThem) {
  EXPECT_THAT(sender_.query("{\"search\":\"sealed\"," + to(bob_).substr(1)), IsEmpty());
}

TEST_F(Nip17, Nip59ItsRecipientMayDeleteAWrapForGood) {
  const Event of_others = carol_.event(5, now(), "", {{"e", wrap_.id.hex()}});
  EXPECT_THAT(sender_.publish(of_others), IsTaken());
  EXPECT_THAT(ids(of_bob_.query(by_id(wrap_))), ElementsAre(wrap_.id));
  const Event request = bob_.event(5, now(), "", {{"e", wrap_.id.hex()}, {"e", message_.id.hex()}});
  EXPECT_THAT(sender_.publish(request), IsTaken());
  EXPECT_THAT(of_bob_.query(by_id(wrap_)), IsEmpty());
  EXPECT_THAT(sender_.publish(wrap_), IsRefused("blocked: "));
  // Of a message whose author is known only that one may.
  EXPECT_THAT(ids(of_bob_.query(by_id(message_))), ElementsAre(message_.id));
}

}  // namespace
}  // namespace pharos::testing
