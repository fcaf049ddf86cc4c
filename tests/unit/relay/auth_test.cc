#include "relay/auth.h"

#include <gtest/gtest.h>

#include "support/event_builder.h"

namespace pharos::relay {
namespace {

using test::Person;

constexpr UnixSeconds kNow = 1'700'000'000;
constexpr const char* kChallenge = "c0ffee";

class AuthTest : public ::testing::Test {
 protected:
  Event answer(Person& person, std::string_view relay = "wss://relay.example.com/",
               std::string_view challenge = kChallenge, UnixSeconds at = kNow) {
    return person.event(22242, at, "", {{"relay", relay}, {"challenge", challenge}});
  }
  AuthFault accept(const Event& event) { return auth_.accept(event, own_, kNow); }

  OwnHosts own_{{"wss://relay.example.com", "wss://other.example.org:8443/path", "not a url"}};
  Auth auth_{kChallenge, 3, 10};
  Person alice_{1};
  Person bob_{2};
};

TEST_F(AuthTest, Nip42AcceptsAnAnswerToTheChallenge) {
  EXPECT_FALSE(auth_.is_authenticated());
  EXPECT_EQ(accept(answer(alice_)), AuthFault::none);
  EXPECT_TRUE(auth_.is_authenticated());
  EXPECT_TRUE(auth_.holds(alice_.key()));
  EXPECT_FALSE(auth_.holds(bob_.key()));
}

TEST_F(AuthTest, Nip42SeveralKeysAreAuthenticatedTogether) {
  EXPECT_EQ(accept(answer(alice_)), AuthFault::none);
  EXPECT_EQ(accept(answer(bob_)), AuthFault::none);
  EXPECT_TRUE(auth_.holds(alice_.key()));
  EXPECT_TRUE(auth_.holds(bob_.key()));
}

TEST_F(AuthTest, Nip42TheSameKeyMayAuthenticateAgain) {
  EXPECT_EQ(accept(answer(alice_)), AuthFault::none);
  EXPECT_EQ(accept(answer(alice_)), AuthFault::none);
  EXPECT_EQ(auth_.keys()->size(), 1U);
}

TEST_F(AuthTest, Nip42NormalizesTheRelayUrl) {
  for (const char* relay : {"wss://relay.example.com", "WSS://Relay.Example.COM/", "wss://relay.example.com:443",
                            "ws://relay.example.com/", "wss://relay.example.com/some/path", "wss://other.example.org",
                            "ws://127.0.0.1:7777", "ws://localhost:7777/", "ws://[::1]:7777"}) {
    Auth auth(kChallenge, 3, 10);
    EXPECT_EQ(auth.accept(answer(alice_, relay), own_, kNow), AuthFault::none) << relay;
  }
}

TEST_F(AuthTest, Nip42RefusesAnotherRelaysName) {
  for (const char* relay : {"wss://evil.example.com", "wss://relay.example.com.evil.com", "", "relay.example.com"}) {
    EXPECT_EQ(accept(answer(alice_, relay)), AuthFault::relay) << relay;
  }
}

TEST_F(AuthTest, Nip42RefusesAnotherChallenge) {
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", "c0ffee00")), AuthFault::challenge);
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", "")), AuthFault::challenge);
}

TEST_F(AuthTest, Nip42ChecksRelayAndChallengeEachOnItsOwn) {
  EXPECT_EQ(accept(alice_.event(22242, kNow, "", {{"relay", "wss://relay.example.com"}, {"relay", kChallenge}})),
            AuthFault::challenge);
  EXPECT_EQ(
      accept(alice_.event(22242, kNow, "", {{"challenge", kChallenge}, {"challenge", "wss://relay.example.com"}})),
      AuthFault::relay);
}

TEST_F(AuthTest, Nip42RefusesOtherKindsAndOtherTimes) {
  EXPECT_EQ(accept(alice_.event(1, kNow, "", {{"relay", "wss://relay.example.com"}, {"challenge", kChallenge}})),
            AuthFault::not_auth_kind);
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", kChallenge, kNow - 601)), AuthFault::created_at);
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", kChallenge, kNow + 601)), AuthFault::created_at);
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", kChallenge, kNow + 600)), AuthFault::none);
}

TEST_F(AuthTest, Nip42RefusesAForgedSignatureAndAForgedId) {
  Event event = answer(alice_);
  event.sig.data[3] ^= 1;
  EXPECT_EQ(accept(event), AuthFault::invalid);
  event = answer(alice_);
  event.pubkey = bob_.key();
  EXPECT_EQ(accept(event), AuthFault::invalid);
  EXPECT_FALSE(auth_.is_authenticated());
}

TEST_F(AuthTest, CapsTheKeysAndTheAttempts) {
  for (std::uint64_t n = 10; n < 13; ++n) {
    Person person(n);
    EXPECT_EQ(accept(answer(person)), AuthFault::none);
  }
  EXPECT_EQ(accept(answer(alice_)), AuthFault::too_many_keys);
  Event forged = answer(alice_);
  forged.sig = {};
  for (int i = 4; i < 10; ++i) EXPECT_EQ(accept(forged), AuthFault::invalid);
  EXPECT_EQ(accept(forged), AuthFault::too_many_tries);
}

TEST_F(AuthTest, AScanKeepsTheKeysItBeganWith) {
  const auto before = auth_.keys();
  EXPECT_EQ(accept(answer(alice_)), AuthFault::none);
  EXPECT_TRUE(before->empty());
}

TEST_F(AuthTest, ChallengesAreLongAndDiffer) {
  SeededRandom random(1);
  const std::string first = make_challenge(random);
  EXPECT_EQ(first.size(), 48U);
  EXPECT_NE(first, make_challenge(random));
}

}  // namespace
}  // namespace pharos::relay
