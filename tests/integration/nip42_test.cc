// NIP-42: who a connection is.

#include <set>

#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class Nip42 : public ::testing::Test {
 protected:
  OkReply answer(NipClient& client, const Event& event) {
    client.send("[\"AUTH\"," + test::to_json(event) + "]");
    const auto parsed = parse_relay_message(client.wait_for("[\"OK\"," + in_quotes(event.id.hex())));
    return parsed ? std::get<OkReply>(parsed.value()) : OkReply{};
  }
  // What is right, but for what a test changes.
  Event response(std::string_view challenge, std::string_view relay = "wss://relay.example.com/", UnixSeconds age = 0,
                 Kind kind = 22242) {
    return alice_.event(kind, now() - age, "", {{"relay", relay}, {"challenge", challenge}});
  }
  // Whether the relay holds the connection to be alice.
  bool is_alice(NipClient& client) {
    std::string closed;
    client.query("{\"kinds\":[4]," + authors(alice_) + "}", &closed);
    if (!closed.empty()) {
      EXPECT_THAT(closed, HasSubstr(",\"auth-required: "));
    }
    return closed.empty();
  }

  test::Person alice_ = somebody();
  NipClient client_;
};

TEST_F(Nip42, AChallengeIsTheFirstMessageAndOfOneConnection) {
  std::set<std::string> challenges;
  for (int i = 0; i < 5; ++i) {
    NipClient client;
    EXPECT_GE(client.challenge().size(), 32U);
    challenges.insert(client.challenge());
  }
  EXPECT_EQ(challenges.size(), 5U);
}

TEST_F(Nip42, AnybodyMayAuthenticateAndAgain) {
  EXPECT_FALSE(is_alice(client_));
  EXPECT_THAT(answer(client_, response(client_.challenge())), IsTaken());
  EXPECT_TRUE(is_alice(client_));
  EXPECT_THAT(answer(client_, response(client_.challenge())), IsTaken());
  EXPECT_TRUE(is_alice(client_));
}

TEST_F(Nip42, TheKindIsVerified) {
  for (const Kind kind : {Kind{1}, Kind{22243}, Kind{27235}}) {
    EXPECT_THAT(answer(client_, response(client_.challenge(), "wss://relay.example.com/", 0, kind)),
                IsRefused("invalid: "));
  }
  EXPECT_FALSE(is_alice(client_));
}

TEST_F(Nip42, TheRelayIsVerifiedByItsHost) {
  for (const char* relay : {"intentionally wrong relay", "wss://other.example.com/", "", "relay.example.com",
                            "wss://relay.example.com.evil.example/", "wss://evil.example/relay.example.com",
                            "wss://relay.example.com@evil.example/"}) {
    EXPECT_THAT(answer(client_, response(client_.challenge(), relay)), IsRefused("invalid: ")) << relay;
  }
  EXPECT_THAT(answer(client_, alice_.event(22242, now(), "", {{"challenge", client_.challenge()}})),
              IsRefused("invalid: "));
  EXPECT_FALSE(is_alice(client_));
  for (const char* relay : {"wss://relay.example.com", "wss://relay.example.com/", "WSS://Relay.Example.COM/",
                            "wss://relay.example.com:443/", "ws://relay.example.com/", "ws://127.0.0.1/"}) {
    NipClient client;
    EXPECT_THAT(answer(client, response(client.challenge(), relay)), IsTaken()) << relay;
    EXPECT_TRUE(is_alice(client));
  }
}

TEST_F(Nip42, TheChallengeIsVerified) {
  const NipClient other;
  const std::string_view challenge = client_.challenge();
  for (const std::string& wrong : {std::string("intentionally wrong challenge"), std::string(), other.challenge(),
                                   std::string(challenge.substr(1)), std::string(challenge) + "0"}) {
    EXPECT_THAT(answer(client_, response(wrong)), IsRefused("invalid: ")) << wrong;
  }
  // Two of one do not stand for the other.
  EXPECT_THAT(answer(client_, alice_.event(22242, now(), "",
                                           {{"relay", "wss://relay.example.com/"}, {"relay", "ws://127.0.0.1/"}})),
              IsRefused("invalid: "));
  EXPECT_THAT(answer(client_, alice_.event(22242, now(), "", {{"challenge", challenge}, {"challenge", challenge}})),
              IsRefused("invalid: "));
  EXPECT_FALSE(is_alice(client_));
}

TEST_F(Nip42, TheTimeIsVerified) {
  for (const UnixSeconds age : {1'800, 660, -660, -1'800}) {
    EXPECT_THAT(answer(client_, response(client_.challenge(), "wss://relay.example.com/", age)),
                IsRefused("invalid: "));
  }
  EXPECT_FALSE(is_alice(client_));
  EXPECT_THAT(answer(client_, response(client_.challenge(), "wss://relay.example.com/", 500)), IsTaken());
}

TEST_F(Nip42, IdAndSignatureAreVerified) {
  Event forged = response(client_.challenge());
  forged.sig.data[0] ^= 1;
  EXPECT_THAT(answer(client_, forged), IsRefused("invalid: "));
  Event other = response(client_.challenge());
  other.content = "changed";
  EXPECT_THAT(answer(client_, other), IsRefused("invalid: "));
  EXPECT_FALSE(is_alice(client_));
}

TEST_F(Nip42, AConnectionMayBeSeveralPeople) {
  test::Person bob = somebody();
  test::Person carol = somebody();
  const Event to_bob = carol.event(4, now(), "secret", {{"p", bob.hex()}});
  const Event to_alice = carol.event(4, now() - 10, "secret", {{"p", alice_.hex()}});
  for (const Event& event : {to_bob, to_alice}) EXPECT_THAT(client_.publish(event), IsTaken());
  EXPECT_THAT(client_.authenticate(alice_), IsTaken());
  EXPECT_THAT(client_.authenticate(bob), IsTaken());
  EXPECT_THAT(ids(client_.query("{\"kinds\":[4]," + authors(carol) + "}")), ElementsAre(to_bob.id, to_alice.id));
}

TEST_F(Nip42, ButNotOfAnyNumber) {
  std::size_t taken = 0;
  OkReply last;
  for (int i = 0; i < 20; ++i) {
    test::Person person = somebody();
    last = client_.authenticate(person);
    taken += last.accepted;
  }
  EXPECT_EQ(taken, 16U);
  EXPECT_THAT(last, IsRefused("restricted: "));
}

TEST_F(Nip42, ItsEventsAreNeverStoredOrDelivered) {
  NipClient listener;
  listener.subscribe("live", "{" + authors(alice_) + "}");
  const Event event = response(client_.challenge());
  EXPECT_THAT(client_.publish(event), IsRefused("invalid: "));
  EXPECT_FALSE(is_alice(client_)) << "EVENT is not AUTH";
  EXPECT_THAT(answer(client_, event), IsTaken());
  const Event last = alice_.event(1, now(), "last");
  EXPECT_THAT(client_.publish(last), IsTaken());
  EXPECT_THAT(listener.heard("live", last), ElementsAre(last.id));
  EXPECT_THAT(client_.query(by_id(event)), IsEmpty());
}

TEST_F(Nip42, WhoIsKnownAndWhoIsNotMayPublishForThemselvesAndForOthers) {
  test::Person bob = somebody();
  for (const bool is_known : {false, true}) {
    if (is_known) {
      EXPECT_THAT(client_.authenticate(alice_), IsTaken());
    }
    for (test::Person* author : {&alice_, &bob}) {
      const Event note = author->event(1, now(), is_known ? "known" : "unknown");
      EXPECT_THAT(client_.publish(note), IsTaken());
      EXPECT_THAT(client_.query(by_id(note)), ElementsAre(note));
    }
  }
}

TEST_F(Nip42, ItIsOfOneConnectionAlone) {
  EXPECT_THAT(client_.authenticate(alice_), IsTaken());
  NipClient other;
  EXPECT_FALSE(is_alice(other));
}

}  // namespace
}  // namespace pharos::testing
