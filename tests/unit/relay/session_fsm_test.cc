#include "relay/session_fsm.h"

#include "fsm_fixture.h"

namespace pharos::relay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Delivery = SessionFsm::Delivery;
using ingest::Fate;
using ingest::Reason;

class SessionFsmTest : public FsmTest {};

TEST_F(SessionFsmTest, Nip42SendsAChallengeOnConnect) {
  Actions actions;
  fsm().on_open(actions);
  EXPECT_THAT(words(actions), ElementsAre(R"(["AUTH","challenge"])"));
}

// --- EVENT ---

TEST_F(SessionFsmTest, Nip01AnEventGoesToTheSinkAndItsVerdictBecomesOneOk) {
  const Event event = alice_.event(1, kNow, "hi");
  EXPECT_THAT(say(event_message(event)), ElementsAre("submit"));
  EXPECT_EQ(fsm().pending_events(), 1U);
  std::string reply = "what was sent before";
  fsm().on_verdict(event.id, {Fate::stored, Reason::none, ""}, reply);
  EXPECT_EQ(reply, R"(["OK",")" + event.id.hex() + R"(",true,""])");
  EXPECT_EQ(fsm().pending_events(), 0U);
}

TEST_F(SessionFsmTest, Nip01AMalformedEventWithAReadableIdGetsOkFalse) {
  const std::string id(64, 'a');
  const auto answers = say(R"(["EVENT",{"id":")" + id + R"(","kind":"one"}])");
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0], "count invalid_event");
  EXPECT_THAT(answers[1], StartsWith(R"(["OK",")" + id + R"(",false,"invalid: )"));
}

TEST_F(SessionFsmTest, AnEventDoesNotTakeAlongTheMemoryOfALargeOneThatWasRefused) {
  const std::string large(500'000, 'x');
  const std::string refused_content = R"(["EVENT",{"content":")" + large + R"(","kind":"one"}])";
  const std::string refused_tags = R"(["EVENT",{"tags":[["t",")" + large + R"("]],"kind":"one"}])";
  const Event small = alice_.event(1, kNow, "hi", {{"t", "x"}});
  for (const std::string& refused : {refused_content, refused_tags}) {
    say(refused);
    Actions actions;
    fsm().on_message(event_message(small), actions);
    ASSERT_EQ(actions.size(), 1U);
    const storage::EventPtr shared = std::get<action::Submit>(actions[0]).event;
    EXPECT_EQ(*shared, small);
    EXPECT_LT(reserved_bytes(*shared), 1000U);
  }
}

TEST_F(SessionFsmTest, Nip01WhatIsNotNostrGetsANoticeAndTheConnectionStays) {
  for (const char* text : {"", "[", "[]", "{}", "null", R"(["EVENT"])", R"(["BOGUS","x"])", "[\"REQ\"", "\xff\xfe"}) {
    EXPECT_THAT(say(text), ElementsAre(StartsWith(R"(["NOTICE",")"))) << text;
  }
}

TEST_F(SessionFsmTest, DisconnectsWhoSendsNothingButGarbage) {
  options_->limits.max_bad_messages = 3;
  say("x");
  say("x");
  EXPECT_THAT(say("x"), ElementsAre(StartsWith(R"(["NOTICE")"), "disconnect 1008"));
}

TEST_F(SessionFsmTest, ReadingHasToPauseWhenTooManyEventsWaitForTheirOk) {
  options_->limits.max_pending_events = 2;
  EXPECT_TRUE(fsm().has_room_for_events());
  say(event_message(alice_.event(1, kNow, "1")));
  say(event_message(alice_.event(1, kNow, "2")));
  EXPECT_FALSE(fsm().has_room_for_events());
}

// --- NIP-42 and NIP-70 ---

TEST_F(SessionFsmTest, Nip42AuthIsAnsweredByOneOk) {
  EXPECT_THAT(say(auth(alice_)), ElementsAre(HasSubstr(R"(,true,""])")));
  EXPECT_TRUE(fsm().is_authenticated());
  EXPECT_THAT(say(auth(bob_)), ElementsAre(HasSubstr(R"(,true,""])")));
  EXPECT_THAT(say(R"(["AUTH",)" + test::to_json(alice_.event(1, kNow, "")) + "]"),
              ElementsAre(HasSubstr(R"(,false,"invalid: )")));
}

TEST_F(SessionFsmTest, Nip42AMalformedAuthIsNoEventReceived) {
  const std::string id(64, 'a');
  EXPECT_THAT(say(R"(["AUTH",{"id":")" + id + R"(","kind":"one"}])"),
              ElementsAre(StartsWith(R"(["OK",")" + id + R"(",false,"invalid: )")));
}

TEST_F(SessionFsmTest, Nip42Kind22242ByEventGoesTheWayOfEveryRefusedEvent) {
  const Event event = alice_.event(22242, kNow, "");
  EXPECT_THAT(say(event_message(event)), ElementsAre("submit"));
  std::string reply;
  fsm().on_verdict(event.id, {Fate::rejected, Reason::auth_kind, "no"}, reply);
  EXPECT_THAT(reply, HasSubstr(R"(,false,"invalid: no"])"));
}

TEST_F(SessionFsmTest, Nip70ProtectedEventsAreRefusedUntilTheirAuthorIsAuthenticated) {
  const Event event = alice_.event(1, kNow, "mine", {{"-"}});
  EXPECT_THAT(say(event_message(event)), ElementsAre("count protected_event", HasSubstr(R"(,false,"auth-required: )")));
  say(auth(bob_));
  EXPECT_THAT(say(event_message(event)), ElementsAre("count protected_event", HasSubstr(R"(,false,"restricted: )")));
  say(auth(alice_));
  EXPECT_THAT(say(event_message(event)), ElementsAre("submit"));
}

// --- REQ, EOSE, CLOSE ---

TEST_F(SessionFsmTest, Nip01StoredThenEoseThenLive) {
  EXPECT_THAT(say(R"(["REQ","s",{"kinds":[1]}])"), ElementsAre("watch 1", "scan 1"));
  fsm().on_watching(1, 10);
  EXPECT_THAT(slice(1, storage::SliceEnd::more), IsEmpty());
  EXPECT_THAT(slice(1), ElementsAre(R"(["EOSE","s"])"));
  Actions actions;
  EXPECT_EQ(fsm().on_live(1, live(alice_.event(1, kNow, ""), 11), actions), Delivery::send);
  EXPECT_EQ(fsm().prefix(1), R"(["EVENT","s",)");
}

TEST_F(SessionFsmTest, LiveEventsOfTheStoredPhaseComeAfterEose) {
  say(R"(["REQ","s",{}])");
  fsm().on_watching(1, 10);
  Actions actions;
  EXPECT_EQ(fsm().on_live(1, live(alice_.event(1, kNow, "in the scan"), 10), actions), Delivery::drop);
  EXPECT_EQ(fsm().on_live(1, live(alice_.event(1, kNow, "new"), 11), actions), Delivery::held);
  EXPECT_EQ(fsm().on_live(1, live(alice_.event(20001, kNow, "ephemeral"), 0), actions), Delivery::held);
  EXPECT_THAT(actions, IsEmpty());
  EXPECT_THAT(slice(1), ElementsAre(R"(["EOSE","s"])", "flush 2"));
  EXPECT_EQ(fsm().subscriptions().held_events(), 0U);
  EXPECT_EQ(fsm().subscriptions().held_bytes(), 0U);
}

TEST_F(SessionFsmTest, WhatSlicesGaveOfTheLiveEventsIsNotRepeated) {
  say(R"(["REQ","s",{}])");
  fsm().on_watching(1, 10);
  Actions actions;
  const auto deliver = [&](storage::Seq seq) {
    return fsm().on_live(1, live(alice_.event(1, kNow, ""), seq), actions);
  };
  const auto give = [&](storage::SliceEnd end, std::vector<storage::Seq> seqs) {
    fsm().on_slice(1, {.end = end, .messages = 1, .bytes = 100, .also_live = seqs}, actions);
  };
  EXPECT_EQ(deliver(11), Delivery::held);
  EXPECT_EQ(deliver(12), Delivery::held) << "below a limit, say, or not to be read by then";
  EXPECT_EQ(deliver(13), Delivery::held);
  give(storage::SliceEnd::more, {15, 11});
  EXPECT_EQ(fsm().subscriptions().held_events(), 2U);
  EXPECT_EQ(deliver(14), Delivery::held);
  EXPECT_EQ(deliver(15), Delivery::drop);
  give(storage::SliceEnd::finished, {13, 17});
  EXPECT_THAT(words(actions), ElementsAre(R"(["EOSE","s"])", "flush 2"));
  EXPECT_EQ(fsm().subscriptions().held_events(), 0U);
  EXPECT_EQ(fsm().subscriptions().held_bytes(), 0U);
  EXPECT_EQ(deliver(16), Delivery::send);
  EXPECT_EQ(deliver(17), Delivery::drop);
  EXPECT_EQ(deliver(18), Delivery::send);
}

TEST_F(SessionFsmTest, TooManyHeldEventsEndTheSubscriptionWithAReason) {
  options_->limits.max_held_events = 2;
  say(R"(["REQ","s",{}])");
  Actions actions;
  for (storage::Seq seq = 1; seq <= 2; ++seq) fsm().on_live(1, live(alice_.event(1, kNow, ""), seq), actions);
  EXPECT_EQ(fsm().on_live(1, live(alice_.event(1, kNow, ""), 3), actions), Delivery::drop);
  EXPECT_THAT(words(actions), ElementsAre(StartsWith(R"(["CLOSED","s","error: )"), "forget 1"));
  EXPECT_THAT(slice(1), IsEmpty()) << "no EOSE after CLOSED";
}

TEST_F(SessionFsmTest, HeldBytesAreBoundedToo) {
  options_->limits.max_held_bytes = 5000;
  say(R"(["REQ","s",{}])");
  Actions actions;
  EXPECT_EQ(fsm().on_live(1, live(alice_.event(1, kNow, std::string(6000, 'x')), 3), actions), Delivery::drop);
  EXPECT_THAT(words(actions), ElementsAre(StartsWith(R"(["CLOSED")"), "forget 1"));
}

TEST_F(SessionFsmTest, AHeldEventCountsWithAllThatItKeeps) {
  options_->limits.max_held_bytes = 5000;
  say(R"(["REQ","s",{}])");
  Actions actions;
  const LiveEventPtr event = live(alice_.event(1, kNow, std::string(1000, 'x')), 3);
  EXPECT_EQ(fsm().on_live(1, event, actions), Delivery::held);
  EXPECT_EQ(fsm().subscriptions().held_bytes(), event->bytes());
  slice(1);
  EXPECT_EQ(fsm().subscriptions().held_bytes(), 0U);
  say(R"(["REQ","s",{}])");
  EXPECT_EQ(fsm().on_live(2, live(alice_.event(1, kNow, std::string(2000, 'x')), 4), actions), Delivery::drop);
}

TEST_F(SessionFsmTest, Nip01TheSameIdReplacesAndNothingOfTheOldOneFollows) {
  say(R"(["REQ","s",{"kinds":[1]}])");
  EXPECT_THAT(say(R"(["REQ","s",{"kinds":[2]}])"), ElementsAre("forget 1", "watch 2", "scan 2"));
  EXPECT_THAT(slice(1), IsEmpty());
  EXPECT_FALSE(fsm().wants_slices(1));
  Actions actions;
  EXPECT_EQ(fsm().on_live(1, live(alice_.event(1, kNow, ""), 5), actions), Delivery::drop);
  EXPECT_THAT(slice(2), ElementsAre(R"(["EOSE","s"])"));
}

TEST_F(SessionFsmTest, ReplacingDoesNotCountTwiceAgainstTheCap) {
  options_->limits.max_subscriptions = 1;
  options_->limits.max_filter_values = 4;
  say(R"(["REQ","s",{"kinds":[1,2,3]}])");
  EXPECT_THAT(say(R"(["REQ","s",{"kinds":[4,5,6]}])"), ElementsAre("forget 1", "watch 2", "scan 2"));
}

TEST_F(SessionFsmTest, Nip01CloseIsSilentAndStopsTheScan) {
  say(R"(["REQ","s",{}])");
  EXPECT_THAT(say(R"(["CLOSE","s"])"), ElementsAre("forget 1"));
  EXPECT_THAT(slice(1), IsEmpty());
  EXPECT_THAT(say(R"(["CLOSE","s"])"), IsEmpty());
  EXPECT_THAT(say(R"(["CLOSE","never seen"])"), IsEmpty());
  EXPECT_THAT(say(R"(["REQ","s",{}])"), ElementsAre("watch 2", "scan 2")) << "the id is free again";
}

TEST_F(SessionFsmTest, Nip01CloseOfAnIdThatCannotBeIsSilentAndNoBadMessage) {
  options_->limits.max_bad_messages = 1;
  for (const std::string& id : {std::string(), std::string(65, 'x')}) {
    EXPECT_THAT(say(R"(["CLOSE",")" + id + R"("])"), IsEmpty());
    EXPECT_THAT(say(R"(["NEG-CLOSE",")" + id + R"("])"), IsEmpty());
  }
}

TEST_F(SessionFsmTest, CapsTheSubscriptions) {
  options_->limits.max_subscriptions = 2;
  say(R"(["REQ","a",{}])");
  say(R"(["REQ","b",{}])");
  EXPECT_THAT(say(R"(["REQ","c",{}])"), ElementsAre(StartsWith(R"(["CLOSED","c","rate-limited: )")));
  say(R"(["CLOSE","a"])");
  EXPECT_THAT(say(R"(["REQ","c",{}])"), ElementsAre("watch 3", "scan 3"));
}

TEST_F(SessionFsmTest, CapsTheFiltersOfOneReq) {
  options_->limits.max_filters = 2;
  EXPECT_THAT(say(R"(["REQ","a",{},{},{}])"), ElementsAre(StartsWith(R"(["CLOSED","a",")")));
}

TEST_F(SessionFsmTest, CapsTheFilterValuesOfAllSubscriptionsTogether) {
  options_->limits.max_filter_values = 8;
  say(R"(["REQ","a",{"kinds":[1,2,3]}])");
  say(R"(["REQ","b",{"kinds":[1]}])");
  EXPECT_THAT(say(R"(["REQ","c",{"kinds":[1,2]}])"), ElementsAre(StartsWith(R"(["CLOSED","c","rate-limited: )")));
  EXPECT_THAT(say(R"(["REQ","c",{"kinds":[1]}])"), ElementsAre("watch 3", "scan 3"));
}

TEST_F(SessionFsmTest, OneReqMayUseAllTheFilterValuesOfItsConnection) {
  const auto req = [](int values) {
    std::string text = R"(["REQ","s",{"kinds":[0)";
    for (int kind = 1; kind < values; ++kind) text += "," + std::to_string(kind);
    return text + "]}]";
  };
  options_->limits.max_filter_values = 20'001;  // the filter itself counts as one
  EXPECT_THAT(say(req(20'000)), ElementsAre("watch 1", "scan 1"));
  EXPECT_THAT(say(req(20'001)), ElementsAre("forget 1", StartsWith(R"(["CLOSED","s","rate-limited: )")));
}

TEST_F(SessionFsmTest, CapsTheLengthOfTheSubscriptionId) {
  const std::string longest(64, 'x');
  EXPECT_THAT(say(R"(["REQ",")" + longest + R"(",{}])"), ElementsAre("watch 1", "scan 1"));
  const auto answers = say(R"(["REQ",")" + longest + R"(x",{}])");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0], HasSubstr("invalid: "));
}

TEST_F(SessionFsmTest, Nip01ARefusedReqEndsTheSubscriptionOfItsId) {
  say(R"(["REQ","s",{}])");
  EXPECT_THAT(say(R"(["REQ","s",{"kinds":"x"}])"), ElementsAre("forget 1", StartsWith(R"(["CLOSED","s","invalid: )")));
  EXPECT_EQ(fsm().subscriptions().size(), 0U);
}

TEST_F(SessionFsmTest, Nip01LimitZeroIsEoseAtOnceAndLiveAfter) {
  EXPECT_THAT(say(R"(["REQ","s",{"kinds":[1],"limit":0}])"), ElementsAre("watch 1", R"(["EOSE","s"])"));
  Actions actions;
  EXPECT_EQ(fsm().on_live(1, live(alice_.event(1, kNow, ""), 1), actions), Delivery::send);
}

TEST_F(SessionFsmTest, Nip01AFilterThatMatchesNothingIsEoseAtOnce) {
  EXPECT_THAT(say(R"(["REQ","s",{"ids":[]}])"), ElementsAre("watch 1", R"(["EOSE","s"])"));
  EXPECT_THAT(say(R"(["REQ","t",{"kinds":[99999]}])"), ElementsAre("watch 2", R"(["EOSE","t"])"));
  EXPECT_THAT(say(R"(["REQ","u",{"since":10,"until":9}])"), ElementsAre("watch 3", R"(["EOSE","u"])"));
}

TEST_F(SessionFsmTest, AScanThatFailsHalfWayEndsInClosedNotEose) {
  say(R"(["REQ","s",{}])");
  EXPECT_THAT(slice(1, storage::SliceEnd::failed), ElementsAre(StartsWith(R"(["CLOSED","s","error: )"), "forget 1"));
  say(R"(["REQ","s",{}])");
  EXPECT_THAT(slice(2, storage::SliceEnd::cut_short), ElementsAre(StartsWith(R"(["CLOSED","s","error: )"), "forget 2"));
}

TEST_F(SessionFsmTest, FurtherReqsWaitTheirTurnToScan) {
  options_->limits.max_running_scans = 2;
  say(R"(["REQ","a",{}])");
  say(R"(["REQ","b",{}])");
  EXPECT_THAT(say(R"(["REQ","c",{}])"), IsEmpty());
  EXPECT_THAT(say(R"(["REQ","d",{}])"), IsEmpty());
  EXPECT_THAT(say(R"(["CLOSE","c"])"), IsEmpty()) << "it was never listed";
  EXPECT_THAT(slice(1), ElementsAre(R"(["EOSE","a"])", "watch 4", "scan 4"));
}

TEST_F(SessionFsmTest, AReqThatFindsTheQueryQueueFullIsClosed) {
  say(R"(["REQ","a",{}])");
  Actions actions;
  fsm().on_scan_refused(1, actions);
  EXPECT_THAT(words(actions), ElementsAre(StartsWith(R"(["CLOSED","a","error: )"), "forget 1"));
}

TEST_F(SessionFsmTest, SubscriptionIdsAreEscapedOnTheWayOut) {
  say(R"(["REQ","a\"\\\n<é",{}])");
  EXPECT_THAT(slice(1), ElementsAre(R"(["EOSE","a\"\\\n<é"])"));
}

TEST_F(SessionFsmTest, LostLiveEventsEndEverySubscriptionWithAReason) {
  options_->limits.max_running_scans = 1;
  say(R"(["REQ","a",{}])");
  slice(1);
  say(R"(["REQ","b",{}])");
  say(R"(["REQ","c",{}])");
  Actions actions;
  fsm().on_events_lost(actions);
  EXPECT_THAT(words(actions), ::testing::UnorderedElementsAre(StartsWith(R"(["CLOSED","a","error: )"), "forget 1",
                                                              StartsWith(R"(["CLOSED","b","error: )"), "forget 2",
                                                              "watch 3", "scan 3"));
}

// --- the hint of NIP-67 ---

TEST_F(SessionFsmTest, Nip67IsOffUnlessTheClientIsToHearIt) {
  say(R"(["REQ","s",{}])");
  EXPECT_THAT(slice(1), ElementsAre(R"(["EOSE","s"])"));
}

TEST_F(SessionFsmTest, Nip67SaysWhenEveryStoredMatchWasSent) {
  eose_hint_ = true;
  Actions actions;
  fsm().on_message(R"(["REQ","s",{}])", actions);
  EXPECT_TRUE(std::get<action::Scan>(actions.back()).whole_seconds);
  EXPECT_THAT(slice(1), ElementsAre(R"(["EOSE","s",["finish"]])"));
  say(R"(["REQ","s",{}])");
  EXPECT_THAT(slice(2, storage::SliceEnd::finished, false), ElementsAre(R"(["EOSE","s"])"));
  EXPECT_THAT(say(R"(["REQ","s",{"limit":0}])"), ElementsAre("forget 2", "watch 3", R"(["EOSE","s"])"));
  EXPECT_THAT(say(R"(["REQ","s",{"kinds":[]}])"), ElementsAre("forget 3", "watch 4", R"(["EOSE","s",["finish"]])"));
}

// --- gated kinds ---

TEST_F(SessionFsmTest, Nip17AskingForGatedKindsAloneNeedsAuth) {
  EXPECT_THAT(say(R"(["REQ","dm",{"kinds":[4,1059]}])"), ElementsAre(StartsWith(R"(["CLOSED","dm","auth-required: )")));
  say(auth(alice_));
  EXPECT_THAT(say(R"(["REQ","dm",{"kinds":[4,1059]}])"), ElementsAre("watch 1", "scan 1"));
  EXPECT_THAT(say(R"(["REQ","dm2",{"kinds":[1059],"#p":[")" + bob_.hex() + R"("]}])"),
              ElementsAre(StartsWith(R"(["CLOSED","dm2","restricted: )")));
}

TEST_F(SessionFsmTest, Nip17GatedEventsReachTheirPartiesAloneWhenLive) {
  say(R"(["REQ","s",{}])");
  slice(1);
  const auto to_alice = live(bob_.event(21059, kNow, "", {{"p", alice_.hex()}}), 0);
  Actions actions;
  EXPECT_EQ(fsm().on_live(1, to_alice, actions), Delivery::drop);
  say(auth(bob_));
  EXPECT_EQ(fsm().on_live(1, to_alice, actions), Delivery::send) << "its author";
  say(auth(alice_));
  EXPECT_EQ(fsm().on_live(1, to_alice, actions), Delivery::send);
}

TEST_F(SessionFsmTest, Nip17GatingCanBeSwitchedOff) {
  options_->gate_private_messages = false;
  EXPECT_THAT(say(R"(["REQ","dm",{"kinds":[4]}])"), ElementsAre("watch 1", "scan 1"));
  slice(1);
  Actions actions;
  EXPECT_EQ(fsm().on_live(1, live(bob_.event(4, kNow, ""), 1), actions), Delivery::send);
}

// --- COUNT ---

TEST_F(SessionFsmTest, Nip45CountIsBegunAndForgottenWithItsAnswer) {
  EXPECT_THAT(say(R"(["COUNT","c",{}])"), ElementsAre("count c"));
  EXPECT_TRUE(fsm().wants_slices(count_key(1)));
  EXPECT_EQ(fsm().subscriptions().size(), 0U) << "it takes no subscription's place";
  EXPECT_THAT(slice(count_key(1), storage::SliceEnd::more), IsEmpty());
  EXPECT_THAT(slice(count_key(1)), ElementsAre(StartsWith("forget ")));
  EXPECT_FALSE(fsm().wants_slices(count_key(1)));
  EXPECT_EQ(fsm().counts().size(), 0U);
}

TEST_F(SessionFsmTest, Nip45ACountCutShortIsAnsweredAndAFailedOneClosed) {
  say(R"(["COUNT","c",{}])");
  EXPECT_THAT(slice(count_key(1), storage::SliceEnd::cut_short), ElementsAre(StartsWith("forget ")));
  say(R"(["COUNT","c",{}])");
  EXPECT_THAT(slice(count_key(2), storage::SliceEnd::failed),
              ElementsAre(StartsWith(R"(["CLOSED","c","error: )"), StartsWith("forget ")));
  say(R"(["COUNT","c",{}])");
  Actions actions;
  fsm().on_scan_refused(count_key(3), actions);
  EXPECT_THAT(words(actions), ElementsAre(StartsWith(R"(["CLOSED","c","error: )"), StartsWith("forget ")));
}

TEST_F(SessionFsmTest, Nip45CountAndSubscriptionOfOneNameLiveSideBySide) {
  say(R"(["REQ","s",{}])");
  EXPECT_THAT(say(R"(["COUNT","s",{}])"), ElementsAre("count s"));
  slice(count_key(1));
  EXPECT_TRUE(fsm().wants_slices(1));
}

TEST_F(SessionFsmTest, Nip45ClosedEndsWhateverHasThatName) {
  say(R"(["REQ","s",{}])");
  say(R"(["COUNT","s",{}])");
  EXPECT_THAT(slice(count_key(1), storage::SliceEnd::failed),
              ElementsAre(StartsWith(R"(["CLOSED","s","error: )"), StartsWith("forget 9"), "forget 1"));
  EXPECT_EQ(fsm().subscriptions().size(), 0U);
  say(R"(["REQ","s",{}])");
  say(R"(["COUNT","s",{}])");
  EXPECT_THAT(slice(2, storage::SliceEnd::failed),
              ElementsAre(StartsWith(R"(["CLOSED","s","error: )"), "forget 2", StartsWith("forget 9")));
  EXPECT_EQ(fsm().counts().size(), 0U);
}

TEST_F(SessionFsmTest, Nip45CloseAndRepetitionEndACountSilently) {
  say(R"(["COUNT","c",{}])");
  EXPECT_THAT(say(R"(["COUNT","c",{"kinds":[1]}])"), ElementsAre(StartsWith("forget "), "count c"));
  EXPECT_THAT(slice(count_key(1)), IsEmpty());
  EXPECT_THAT(say(R"(["CLOSE","c"])"), ElementsAre(StartsWith("forget ")));
  EXPECT_THAT(slice(count_key(2)), IsEmpty());
}

TEST_F(SessionFsmTest, Nip45CountsWaitTheirTurnBehindScansAndAreCapped) {
  options_->limits.max_running_scans = 1;
  options_->limits.max_counts = 2;
  say(R"(["REQ","s",{}])");
  EXPECT_THAT(say(R"(["COUNT","a",{}])"), IsEmpty());
  EXPECT_THAT(say(R"(["COUNT","b",{}])"), IsEmpty());
  EXPECT_THAT(say(R"(["COUNT","c",{}])"), ElementsAre(StartsWith(R"(["CLOSED","c","rate-limited: )")));
  EXPECT_THAT(slice(1), ElementsAre(R"(["EOSE","s"])", "count a"));
  EXPECT_THAT(say(R"(["CLOSE","b"])"), IsEmpty());
  EXPECT_THAT(slice(count_key(1)), ElementsAre(StartsWith("forget ")));
}

TEST_F(SessionFsmTest, Nip45FilterValuesOfCountsCountAgainstTheCap) {
  options_->limits.max_filter_values = 4;
  say(R"(["COUNT","c",{"kinds":[1,2]}])");
  EXPECT_THAT(say(R"(["REQ","s",{"kinds":[1]}])"), ElementsAre(StartsWith(R"(["CLOSED","s","rate-limited: )")));
  slice(count_key(1));
  EXPECT_THAT(say(R"(["REQ","s",{"kinds":[1]}])"), ElementsAre("watch 1", "scan 1"));
}

TEST_F(SessionFsmTest, Nip45CountsOfGatedKindsNeedTheirParties) {
  EXPECT_THAT(say(R"(["COUNT","c",{"kinds":[1059]}])"), ElementsAre(StartsWith(R"(["CLOSED","c","auth-required: )")));
  say(auth(alice_));
  EXPECT_THAT(say(R"(["COUNT","c",{"kinds":[1059],"#p":[")" + bob_.hex() + R"("]}])"),
              ElementsAre(StartsWith(R"(["CLOSED","c","restricted: )")));
}

TEST_F(SessionFsmTest, Nip45CountIsRefusedByClosedWhereItIsOff) {
  options_->count = false;
  EXPECT_THAT(say(R"(["COUNT","c",{}])"), ElementsAre(StartsWith(R"(["CLOSED","c","unsupported: )")));
}

TEST_F(SessionFsmTest, Nip45ClosedInAnswerToACountEndsTheSubscriptionOfThatName) {
  options_->count = false;
  for (const char* count : {R"(["COUNT","s",{}])", R"(["COUNT","s",{"kinds":"x"}])"}) {
    say(R"(["REQ","s",{}])");
    EXPECT_THAT(say(count), ElementsAre(StartsWith("forget "), StartsWith(R"(["CLOSED","s",")")));
    EXPECT_EQ(fsm().subscriptions().size(), 0U);
  }
}

}  // namespace
}  // namespace pharos::relay
