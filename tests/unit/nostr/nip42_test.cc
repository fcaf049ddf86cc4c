#include "nostr/nip42.h"

#include <gmock/gmock.h>

#include "nostr/schnorr.h"
#include "support/event_factory.h"

namespace pharos {
namespace {

constexpr UnixSeconds kNow = 1'700'000'000;

std::vector<RelayUrl> ours() {
  return {RelayUrl::parse("wss://relay.example.com/").value(), RelayUrl::parse("ws://127.0.0.1:7777").value()};
}

Event auth(TagList tags, UnixSeconds created_at = kNow) {
  return test::unsigned_event({.kind = 22242, .tags = std::move(tags), .created_at = created_at});
}

AuthFault check(const Event& event, std::string_view challenge = "abc") {
  return check_auth(event, challenge, ours(), kNow);
}

TEST(Nip42, TakesTheAnswerToItsChallenge) {
  for (const char* relay : {"wss://relay.example.com", "wss://relay.example.com/", "ws://RELAY.example.com:8080/path",
                            "ws://127.0.0.1:1234/"})
    EXPECT_EQ(check(auth({{"relay", relay}, {"challenge", "abc"}})), AuthFault::none) << relay;
}

TEST(Nip42, NeedsBothTags) {
  EXPECT_EQ(check(auth({{"relay", "wss://relay.example.com"}})), AuthFault::wrong_challenge);
  EXPECT_EQ(check(auth({{"relay", "wss://relay.example.com"}, {"relay", "wss://relay.example.com"}})),
            AuthFault::wrong_challenge);
  EXPECT_EQ(check(auth({{"challenge", "abc"}, {"challenge", "abc"}})), AuthFault::wrong_relay);
  EXPECT_EQ(check(auth({{"relay", "wss://relay.example.com"}, {"challenge", "abcd"}})), AuthFault::wrong_challenge);
  EXPECT_EQ(check(auth({{"relay", "wss://relay.example.com"}, {"challenge"}})), AuthFault::wrong_challenge);
  EXPECT_EQ(check(auth({{"relay", "wss://relay.example.com"}, {"x", "abc"}})), AuthFault::wrong_challenge);
}

TEST(Nip42, RefusesOtherRelays) {
  for (const char* relay : {"wss://other.example.com", "wss://relay.example.com.evil.org", "relay.example.com",
                            "https://relay.example.com", "wss://relay.example.com@evil.org", ""})
    EXPECT_EQ(check(auth({{"relay", relay}, {"challenge", "abc"}})), AuthFault::wrong_relay) << relay;
}

TEST(Nip42, AnEmptyChallengeMatchesNothing) {
  EXPECT_EQ(check(auth({{"relay", "wss://relay.example.com"}, {"challenge", ""}}), ""), AuthFault::wrong_challenge);
}

TEST(Nip42, WantsTheKindAndTheTime) {
  const TagList tags{{"relay", "wss://relay.example.com"}, {"challenge", "abc"}};
  Event event = auth(tags);
  event.kind = 1;
  EXPECT_EQ(check(event), AuthFault::wrong_kind);
  EXPECT_EQ(check(auth(tags, kNow - 600)), AuthFault::none);
  EXPECT_EQ(check(auth(tags, kNow + 600)), AuthFault::none);
  EXPECT_EQ(check(auth(tags, kNow - 601)), AuthFault::wrong_time);
  EXPECT_EQ(check(auth(tags, kNow + 601)), AuthFault::wrong_time);
  EXPECT_EQ(check(auth(tags, kMaxCreatedAt)), AuthFault::wrong_time);
}

TEST(Nip42, MakesWhatItTakes) {
  SeededRandom random(1);
  Event event = make_auth_event(ours()[0], "abc", kNow);
  sign_event(event, test::secret_key(0), random);
  EXPECT_EQ(verify_event(event), EventFault::none);
  EXPECT_EQ(check(event), AuthFault::none);
}

}  // namespace
}  // namespace pharos
