// What a client is told that goes too fast, and how its reading is held back.

#include "fsm_fixture.h"
#include "session_fixture.h"

namespace pharos::relay {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

void set(RateRules& rules, RateOf what, const Rate& rate) {
  rules.of_connection[static_cast<std::size_t>(what)] = rate;
}

class FsmRatesTest : public FsmTest {
 protected:
  void allow(RateOf what, const Rate& rate) {
    RateRules rules;
    set(rules, what, rate);
    rates_.obey(std::make_shared<const RateRules>(rules));
  }
  std::string refusal(const Event& event) {
    return R"(["OK",")" + event.id.hex() +
           R"(",false,"rate-limited: too many events on this connection, try again in 2 s"])";
  }
  static constexpr const char* kTooManyRequests =
      "rate-limited: too many requests on this connection, try again in 2 s";
};

TEST_F(FsmRatesTest, EventsBeyondTheRateGetOkFalseAndAreCountedByIngest) {
  allow(RateOf::event, {1, seconds(2), 1});
  const Event first = alice_.event(1, kNow, "1");
  const Event second = alice_.event(1, kNow, "2");
  EXPECT_THAT(say(event_message(first)), ElementsAre("submit"));
  EXPECT_THAT(say(event_message(second)), ElementsAre("count rate_limited", refusal(second)));
  EXPECT_EQ(fsm().pending_events(), 1U);
  clock_.advance(seconds(2));
  EXPECT_THAT(say(event_message(second)), ElementsAre("submit"));
}

TEST_F(FsmRatesTest, WhatIsNoEventCostsAsMuchAsOne) {
  allow(RateOf::event, {1, seconds(2), 1});
  EXPECT_THAT(say(R"(["EVENT",{"id":")" + std::string(64, 'a') + R"(","kind":"one"}])"),
              ElementsAre("count invalid_event", StartsWith("[\"OK\"")));
  const Event event = alice_.event(1, kNow, "1");
  EXPECT_THAT(say(event_message(event)), ElementsAre("count rate_limited", refusal(event)));
  const auto malformed = say(R"(["EVENT",{"id":")" + std::string(64, 'a') + R"(","kind":"one"}])");
  EXPECT_THAT(malformed, ElementsAre("count rate_limited", ::testing::HasSubstr("false,\"rate-limited: ")));
}

TEST_F(FsmRatesTest, RequestsOfAllKindsShareOneRate) {
  allow(RateOf::request, {1, seconds(2), 3});
  EXPECT_THAT(say(R"(["REQ","a",{}])"), ElementsAre("watch 1", "scan 1"));
  EXPECT_THAT(say(R"(["COUNT","b",{}])"), ElementsAre("count b"));
  EXPECT_THAT(say(R"(["NEG-OPEN","c",{},"61"])"), ElementsAre("negotiate c"));
  const std::string too_many(kTooManyRequests);
  EXPECT_THAT(say(R"(["REQ","d",{}])"), ElementsAre(R"(["CLOSED","d",")" + too_many + R"("])"));
  EXPECT_THAT(say(R"(["COUNT","e",{}])"), ElementsAre(R"(["CLOSED","e",")" + too_many + R"("])"));
  EXPECT_THAT(say(R"(["NEG-OPEN","f",{},"61"])"), ElementsAre(R"(["NEG-ERR","f",")" + too_many + R"("])"));
  EXPECT_THAT(say(R"(["REQ","g",{"kinds":"x"}])"), ElementsAre(R"(["CLOSED","g",")" + too_many + R"("])"));
  EXPECT_THAT(say(R"(["CLOSE","a"])"), ElementsAre("forget 1"));
}

TEST_F(FsmRatesTest, Nip77EachMessageOfANegotiationIsARequest) {
  allow(RateOf::request, {1, seconds(2), 2});
  EXPECT_THAT(say(R"(["NEG-OPEN","n",{},"6100000200"])"), ElementsAre("negotiate n"));
  slice(negotiation_key(1));
  EXPECT_THAT(say(R"(["NEG-MSG","n","6100000200"])"), ElementsAre("negotiate n"));
  slice(negotiation_key(1));
  EXPECT_THAT(say(R"(["NEG-MSG","n","6100000200"])"),
              ElementsAre(R"(["NEG-ERR","n",")" + std::string(kTooManyRequests) + R"("])",
                          "forget " + std::to_string(negotiation_key(1))));
  EXPECT_EQ(fsm().negotiations().size(), 0U);
}

TEST_F(FsmRatesTest, Nip01AClosedForARequestTooFastEndsTheSubscriptionItWouldReplace) {
  allow(RateOf::request, {1, seconds(2), 1});
  say(R"(["REQ","a",{}])");
  EXPECT_THAT(say(R"(["REQ","a",{"kinds":[1]}])"),
              ElementsAre("forget 1", std::string(R"(["CLOSED","a",")") + kTooManyRequests + R"("])"));
  EXPECT_EQ(fsm().subscriptions().size(), 0U);
}

class SessionRatesTest : public SessionFixture {
 protected:
  void allow(const Rate& bytes) {
    auto rules = std::make_shared<RateRules>();
    set(*rules, RateOf::byte, bytes);
    options_->rates = rules;
  }
  // A message of so many bytes that is answered by nothing.
  static std::string close_of(std::size_t bytes) { return R"(["CLOSE",")" + std::string(bytes - 12, 'x') + R"("])"; }
};

TEST_F(SessionRatesTest, ReadingPausesUntilThereIsRoomForBytes) {
  allow({100, seconds(1), 100});
  const auto client = connect();
  client->receive(close_of(60));
  EXPECT_TRUE(client->is_reading());
  client->receive(close_of(60));
  EXPECT_FALSE(client->is_reading());
  EXPECT_FALSE(client->is_closed());
  clock_.advance(std::chrono::milliseconds(199));
  loop_.expire();
  EXPECT_FALSE(client->is_reading());
  clock_.advance(std::chrono::milliseconds(1));
  loop_.expire();
  EXPECT_TRUE(client->is_reading());
  EXPECT_FALSE(loop_.is_armed());
}

TEST_F(SessionRatesTest, ALongPauseIsLookedAtAgainEachSecond) {
  allow({10, seconds(1), 10});
  const auto client = connect();
  client->receive(close_of(60));
  for (int i = 0; i < 4; ++i) {
    clock_.advance(seconds(1));
    loop_.expire();
    EXPECT_FALSE(client->is_reading());
  }
  clock_.advance(seconds(1));
  loop_.expire();
  EXPECT_TRUE(client->is_reading());
}

TEST_F(SessionRatesTest, OksThatComeMeanwhileDoNotEndThePause) {
  allow({10, seconds(1), 10});
  options_->limits.max_pending_events = 1;
  const auto client = connect();
  client->receive(event_message(alice_.event(1, kNow, "hi")));
  sink_.settle(0, ingest::Fate::stored);
  loop_.run();
  EXPECT_THAT(client->sent(), SizeIs(1));
  EXPECT_FALSE(client->is_reading());
}

TEST_F(SessionRatesTest, OtherRatesFreeAConnectionThatIsHeldBack) {
  allow({1, std::chrono::hours(1), 10});
  const auto client = connect();
  client->receive(close_of(60));
  EXPECT_FALSE(client->is_reading());
  shard_.obey(std::make_shared<const RateRules>());
  EXPECT_TRUE(client->is_reading());
}

TEST_F(SessionRatesTest, AConnectionThatEndsMeanwhileIsLeftAlone) {
  allow({1, std::chrono::hours(1), 10});
  const auto client = connect();
  client->receive(close_of(60));
  client->vanish();
  clock_.advance(seconds(1));
  loop_.expire();
  EXPECT_FALSE(loop_.is_armed());
  EXPECT_EQ(shard_.members(), 0U);
}

TEST_F(SessionRatesTest, ThePipelineHearsWhetherTheSenderIsExempt) {
  auto rules = std::make_shared<RateRules>();
  rules->exempt = {*IpRange::parse("192.0.2.0/24")};
  options_->rates = rules;
  const auto client = connect();
  client->receive(event_message(alice_.event(1, kNow, "1")));
  shard_.obey(std::make_shared<const RateRules>());
  client->receive(event_message(alice_.event(1, kNow, "2")));
  ASSERT_THAT(sink_.taken, SizeIs(2));
  EXPECT_TRUE(sink_.taken[0].sender->is_rate_exempt);
  EXPECT_FALSE(sink_.taken[1].sender->is_rate_exempt);
}

}  // namespace
}  // namespace pharos::relay
