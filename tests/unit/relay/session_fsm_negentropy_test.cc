#include "fsm_fixture.h"

namespace pharos::relay {
namespace {

using storage::SliceEnd;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kOpen = R"(["NEG-OPEN","n",{},"6100000200"])";

class NegotiationTest : public FsmTest {
 protected:
  std::vector<std::string> tick(std::chrono::milliseconds after) {
    clock_.advance(after);
    Actions actions;
    fsm().on_tick(actions);
    return words(actions);
  }
  static std::string forget(std::uint64_t number) { return "forget " + std::to_string(negotiation_key(number)); }
};

TEST_F(NegotiationTest, Nip77MessagesAndAnswersTakeTurns) {
  EXPECT_THAT(say(kOpen), ElementsAre("negotiate n"));
  EXPECT_TRUE(fsm().wants_slices(negotiation_key(1)));
  EXPECT_THAT(slice(negotiation_key(1), SliceEnd::more), IsEmpty());
  EXPECT_THAT(slice(negotiation_key(1)), IsEmpty());
  EXPECT_FALSE(fsm().wants_slices(negotiation_key(1)));
  EXPECT_THAT(say(R"(["NEG-MSG","n","6100000200"])"), ElementsAre("negotiate n"));
  EXPECT_THAT(say(R"(["NEG-MSG","n","61"])"),
              ElementsAre(R"(["NEG-ERR","n","invalid: a message before the answer to the one before it"])", forget(1)));
  EXPECT_EQ(fsm().negotiations().size(), 0U);
}

TEST_F(NegotiationTest, Nip77CloseIsSilentAndOfItsOwnNames) {
  say(R"(["REQ","n",{"limit":0}])");
  say(kOpen);
  EXPECT_THAT(say(R"(["CLOSE","n"])"), ElementsAre("forget 1"));
  EXPECT_EQ(fsm().negotiations().size(), 1U);
  EXPECT_THAT(say(R"(["NEG-CLOSE","n"])"), ElementsAre(forget(1)));
  EXPECT_THAT(say(R"(["NEG-CLOSE","n"])"), IsEmpty());
  EXPECT_THAT(say(R"(["NEG-CLOSE",""])"), IsEmpty());
  EXPECT_THAT(say(R"(["CLOSE","n"])"), IsEmpty());
}

TEST_F(NegotiationTest, Nip77OpenAgainReplaces) {
  say(kOpen);
  EXPECT_THAT(say(kOpen), ElementsAre(forget(1), "negotiate n"));
  EXPECT_THAT(slice(negotiation_key(1)), IsEmpty()) << "stale";
  EXPECT_TRUE(fsm().wants_slices(negotiation_key(2)));
  EXPECT_THAT(say(R"(["NEG-OPEN","n",{},"zz"])"), ElementsAre(StartsWith(R"(["NEG-ERR","n","invalid: )"), forget(2)));
}

TEST_F(NegotiationTest, Nip77RefusesMalformedMessagesBeforeAnySetIsRead) {
  for (const char* message : {"", "5f", "610000", "61000003", "610000028fffffff7f", "61002100"}) {
    EXPECT_THAT(say(R"(["NEG-OPEN","n",{},")" + std::string(message) + "\"]"),
                ElementsAre(StartsWith(R"(["NEG-ERR","n","invalid: )")))
        << message;
  }
  EXPECT_THAT(say(R"(["NEG-OPEN","n",{},"62"])"), ElementsAre("negotiate n")) << "another version is answered";
  EXPECT_THAT(say(R"(["NEG-MSG","other","61"])"),
              ElementsAre(R"(["NEG-ERR","other","closed: no negentropy session of this name is open"])"));
}

TEST_F(NegotiationTest, Nip77EndsByNegErrWithTheCapWhereTheSetIsTooBig) {
  options_->limits.max_negentropy_records = 7;
  say(kOpen);
  EXPECT_THAT(slice(negotiation_key(1), SliceEnd::cut_short),
              ElementsAre(R"(["NEG-ERR","n","blocked: this query is too big",7])", forget(1)));
  say(kOpen);
  EXPECT_THAT(slice(negotiation_key(2), SliceEnd::failed),
              ElementsAre(StartsWith(R"(["NEG-ERR","n","error: )"), forget(2)));
  say(kOpen);
  Actions actions;
  fsm().on_scan_refused(negotiation_key(3), actions);
  EXPECT_THAT(words(actions), ElementsAre(StartsWith(R"(["NEG-ERR","n","error: )"), forget(3)));
}

TEST_F(NegotiationTest, Nip77GatedKindsNeedAuthentication) {
  EXPECT_THAT(say(R"(["NEG-OPEN","n",{"kinds":[4]},"61"])"),
              ElementsAre(StartsWith(R"(["NEG-ERR","n","auth-required: )")));
  say(auth(alice_));
  EXPECT_THAT(say(R"(["NEG-OPEN","n",{"kinds":[4]},"61"])"), ElementsAre("negotiate n"));
}

TEST_F(NegotiationTest, SessionsAreCappedAndWaitTheirTurn) {
  options_->limits.max_negentropy_sessions = 2;
  options_->limits.max_running_scans = 1;
  options_->limits.max_filter_values = 6;
  EXPECT_THAT(say(R"(["NEG-OPEN","a",{"kinds":[1,2]},"61"])"), ElementsAre("negotiate a"));
  EXPECT_THAT(say(R"(["NEG-OPEN","b",{},"61"])"), IsEmpty());
  EXPECT_THAT(say(R"(["NEG-OPEN","c",{},"61"])"), ElementsAre(StartsWith(R"(["NEG-ERR","c","rate-limited: )")));
  EXPECT_THAT(slice(negotiation_key(1)), ElementsAre("negotiate b"));
  EXPECT_THAT(say(R"(["NEG-MSG","a","61"])"), IsEmpty());
  EXPECT_THAT(say(R"(["NEG-CLOSE","b"])"), ElementsAre(forget(2), "negotiate a"));
  EXPECT_THAT(say(R"(["NEG-OPEN","d",[{"kinds":[1]},{"kinds":[2]}],"61"])"),
              ElementsAre(StartsWith(R"(["NEG-ERR","d","rate-limited: )")));
}

TEST_F(NegotiationTest, Nip77TheIdleOnesEnd) {
  options_->limits.negentropy_idle_timeout = std::chrono::seconds(10);
  say(kOpen);
  EXPECT_THAT(tick(std::chrono::seconds(60)), IsEmpty()) << "it is our turn";
  slice(negotiation_key(1));
  EXPECT_THAT(tick(std::chrono::seconds(4)), IsEmpty());
  EXPECT_THAT(tick(std::chrono::seconds(1)), ElementsAre("park " + std::to_string(negotiation_key(1))));
  EXPECT_THAT(tick(std::chrono::seconds(4)), IsEmpty());
  EXPECT_THAT(tick(std::chrono::seconds(1)),
              ElementsAre(R"(["NEG-ERR","n","closed: you took too long to respond"])", forget(1)));
}

TEST_F(NegotiationTest, Nip77WhatIsSwitchedOffIsRefusedByName) {
  options_->negentropy = false;
  EXPECT_THAT(say(kOpen), ElementsAre(StartsWith(R"(["NEG-ERR","n","unsupported: )")));
  EXPECT_THAT(say(R"(["NEG-MSG","n","61"])"), ElementsAre(StartsWith(R"(["NEG-ERR","n","unsupported: )")));
  EXPECT_THAT(say(R"(["NEG-CLOSE","n"])"), IsEmpty());
}

}  // namespace
}  // namespace pharos::relay
