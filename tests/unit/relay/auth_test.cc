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
  AuthResult accept(const Event& event) { return auth_.accept(event, own_, kNow); }

  OwnUrls own_ = own_urls({"wss://relay.example.com", "wss://other.example.org:8443/path", "not a url"});
  Auth auth_{kChallenge, 3, 10};
  Person alice_{1};
  Person bob_{2};
};

TEST_F(AuthTest, Nip42AcceptsAnAnswerToTheChallenge) {
  EXPECT_FALSE(auth_.is_authenticated());
  EXPECT_EQ(accept(answer(alice_)), AuthResult::ok);
  EXPECT_TRUE(auth_.is_authenticated());
  EXPECT_TRUE(auth_.holds(alice_.key()));
  EXPECT_FALSE(auth_.holds(bob_.key()));
}

TEST_F(AuthTest, Nip42SeveralKeysAreAuthenticatedTogether) {
  EXPECT_EQ(accept(answer(alice_)), AuthResult::ok);
  EXPECT_EQ(accept(answer(bob_)), AuthResult::ok);
  EXPECT_TRUE(auth_.holds(alice_.key()));
  EXPECT_TRUE(auth_.holds(bob_.key()));
}

TEST_F(AuthTest, Nip42TheSameKeyMayAuthenticateAgain) {
  EXPECT_EQ(accept(answer(alice_)), AuthResult::ok);
  EXPECT_EQ(accept(answer(alice_)), AuthResult::ok);
  EXPECT_EQ(auth_.keys()->size(), 1U);
}

TEST_F(AuthTest, Nip42NormalizesTheRelayUrl) {
  for (const char* relay : {"wss://relay.example.com", "WSS://Relay.Example.COM/", "wss://relay.example.com:443",
                            "ws://relay.example.com/", "wss://relay.example.com/some/path", "wss://other.example.org",
                            "ws://127.0.0.1:7777", "ws://localhost:7777/", "ws://[::1]:7777"}) {
    Auth auth(kChallenge, 3, 10);
    EXPECT_EQ(auth.accept(answer(alice_, relay), own_, kNow), AuthResult::ok) << relay;
  }
}

TEST_F(AuthTest, Nip42RefusesAnotherRelaysName) {
  for (const char* relay : {"wss://evil.example.com", "wss://relay.example.com.evil.com", "", "relay.example.com"}) {
    EXPECT_EQ(accept(answer(alice_, relay)), AuthResult::wrong_relay) << relay;
  }
}

TEST_F(AuthTest, Nip42RefusesAnotherChallenge) {
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", "c0ffee00")), AuthResult::wrong_challenge);
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", "")), AuthResult::wrong_challenge);
}

TEST_F(AuthTest, Nip42ChecksRelayAndChallengeEachOnItsOwn) {
  EXPECT_EQ(accept(alice_.event(22242, kNow, "", {{"relay", "wss://relay.example.com"}, {"relay", kChallenge}})),
            AuthResult::wrong_challenge);
  EXPECT_EQ(
      accept(alice_.event(22242, kNow, "", {{"challenge", kChallenge}, {"challenge", "wss://relay.example.com"}})),
      AuthResult::wrong_relay);
}

TEST_F(AuthTest, Nip42RefusesOtherKindsAndOtherTimes) {
  EXPECT_EQ(accept(alice_.event(1, kNow, "", {{"relay", "wss://relay.example.com"}, {"challenge", kChallenge}})),
            AuthResult::wrong_kind);
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", kChallenge, kNow - 601)), AuthResult::wrong_time);
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", kChallenge, kNow + 601)), AuthResult::wrong_time);
  EXPECT_EQ(accept(answer(alice_, "wss://relay.example.com", kChallenge, kNow + 600)), AuthResult::ok);
}

TEST_F(AuthTest, Nip42RefusesAForgedSignatureAndAForgedId) {
  Event event = answer(alice_);
  event.sig.data[3] ^= 1;
  EXPECT_EQ(accept(event), AuthResult::invalid);
  event = answer(alice_);
  event.pubkey = bob_.key();
  EXPECT_EQ(accept(event), AuthResult::invalid);
  EXPECT_FALSE(auth_.is_authenticated());
}

TEST_F(AuthTest, CapsTheKeysAndTheAttempts) {
  for (std::uint64_t n = 10; n < 13; ++n) {
    Person person(n);
    EXPECT_EQ(accept(answer(person)), AuthResult::ok);
  }
  EXPECT_EQ(accept(answer(alice_)), AuthResult::too_many_keys);
  Event forged = answer(alice_);
  forged.sig = {};
  for (int i = 4; i < 10; ++i) EXPECT_EQ(accept(forged), AuthResult::invalid);
  EXPECT_EQ(accept(forged), AuthResult::too_many_attempts);
}

TEST_F(AuthTest, AScanKeepsTheKeysItBeganWith) {
  const auto before = auth_.keys();
  EXPECT_EQ(accept(answer(alice_)), AuthResult::ok);
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
