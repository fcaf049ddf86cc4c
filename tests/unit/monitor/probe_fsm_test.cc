#include "monitor/probe_fsm.h"

#include <gmock/gmock.h>

#include "nostr/kind.h"
#include "probe_world.h"

namespace pharos::monitor {
namespace {

using testing::ProbeWorld;
using Kind = ProbeAction::Kind;

class ProbeFsmTest : public ::testing::Test, public ProbeWorld {};

TEST_F(ProbeFsmTest, AHealthyRelayPassesEveryCheckWithItsTimes) {
  start();
  EXPECT_EQ(count(Kind::dial), 1U);
  EXPECT_EQ(count(Kind::fetch_nip11), 1U);
  wait(30);
  document();
  open(50);
  EXPECT_THAT(sent(), ::testing::ElementsAre(R"(["REQ","probe",{"kinds":[1],"limit":1}])"));
  wait(12);
  say(R"(["EOSE","probe"])");
  const Event event = sent_event();
  EXPECT_EQ(classify(event.kind), KindClass::ephemeral);
  EXPECT_EQ(verify_event(event), EventFault::none);
  EXPECT_TRUE(expiration(event).has_value());
  wait(7);
  say(ok(event, true));
  EXPECT_TRUE(fsm->finished());
  EXPECT_EQ(actions.back().kind, Kind::finish);
  EXPECT_EQ(count(Kind::close_socket), 1U);
  EXPECT_EQ(result().nip11.rtt_ms, 30U);
  EXPECT_EQ(result().open.rtt_ms, 80U);
  EXPECT_EQ(result().read.rtt_ms, 12U);
  EXPECT_EQ(result().write.rtt_ms, 7U);
  EXPECT_EQ(result().auth.outcome, Outcome::skipped);
  EXPECT_TRUE(result().is_relay());
  const Requirements seen = observed_requirements(result());
  EXPECT_EQ(seen.auth, false);
  EXPECT_EQ(seen.writes, false);
  EXPECT_EQ(seen.pow, false);
  EXPECT_FALSE(fsm->deadline().has_value());
}

TEST_F(ProbeFsmTest, WaitsForTheDocumentAfterTheSocketIsDone) {
  options.check_write = false;
  start();
  open();
  say(R"(["EOSE","probe"])");
  EXPECT_FALSE(fsm->finished());
  document();
  EXPECT_TRUE(fsm->finished());
  EXPECT_EQ(result().write.outcome, Outcome::skipped);
  EXPECT_EQ(signer.signatures, 0);
}

TEST_F(ProbeFsmTest, ASilentPeerRunsIntoTheOpenDeadline) {
  start();
  expire();  // nip11, 8 s
  EXPECT_EQ(result().nip11.outcome, Outcome::timeout);
  EXPECT_EQ(count(Kind::cancel_nip11), 1U);
  EXPECT_FALSE(fsm->finished());
  expire();  // open, 10 s
  EXPECT_EQ(result().open.outcome, Outcome::timeout);
  EXPECT_EQ(result().open.rtt_ms, 10'000U);
  EXPECT_EQ(result().read.outcome, Outcome::skipped);
  EXPECT_EQ(count(Kind::cancel_dial), 1U);
  EXPECT_TRUE(fsm->finished());
  EXPECT_FALSE(result().is_relay());
}

TEST_F(ProbeFsmTest, KeepsWhyAnOpenFailed) {
  start();
  document();
  take(fsm->open_failed(Fault::http, "503", {}, false));
  EXPECT_TRUE(fsm->finished());
  EXPECT_EQ(result().open.outcome, Outcome::failed);
  EXPECT_EQ(result().open.fault, Fault::http);
  EXPECT_EQ(result().open.detail, "503");
  EXPECT_TRUE(result().nip11.ok());
}

TEST_F(ProbeFsmTest, AReadThatIsRefusedForWantOfAuthIsNoFailureOfTheRelay) {
  start();
  open();
  say(R"(["AUTH","c"])");
  say(R"(["CLOSED","probe","auth-required: members only"])");
  EXPECT_EQ(result().read.fault, Fault::auth_required);
  say(ok(sent_event(), false, "auth-required: members only"));
  document();
  EXPECT_TRUE(fsm->finished());
  EXPECT_TRUE(result().challenged);
  EXPECT_TRUE(result().is_relay());
  const Requirements seen = observed_requirements(result());
  EXPECT_EQ(seen.auth, true);
  EXPECT_EQ(seen.writes, std::nullopt) << "nobody knows what follows the AUTH";
  EXPECT_EQ(sent_auth().kind, 0) << "not answered unless told to";
}

TEST_F(ProbeFsmTest, AnswersAuthOnceAndRepeatsTheCheckWhenToldTo) {
  options.answer_auth = true;
  start();
  open();
  say(R"(["AUTH","the challenge"])");
  say(R"(["CLOSED","probe","auth-required: members only"])");
  const Event auth = sent_auth();
  EXPECT_EQ(auth.tags.first("challenge"), "the challenge");
  EXPECT_EQ(verify_event(auth), EventFault::none);
  wait(5);
  say(ok(auth, true));
  EXPECT_EQ(result().auth.outcome, Outcome::ok);
  EXPECT_EQ(result().auth.rtt_ms, 5U);
  wait(3);
  say(R"(["EOSE","probe"])");
  EXPECT_TRUE(result().read.ok());
  EXPECT_EQ(result().read.rtt_ms, 3U);
  say(ok(sent_event(), false, "auth-required: again?"));
  document();
  EXPECT_TRUE(fsm->finished()) << "not answered a second time";
  EXPECT_EQ(observed_requirements(result()).auth, true);
}

TEST_F(ProbeFsmTest, KeepsTheRefusalWhenTheAuthFails) {
  options.answer_auth = true;
  start();
  open();
  say(R"(["AUTH","c"])");
  say(R"(["CLOSED","probe","auth-required: members only"])");
  say(ok(sent_auth(), false, "restricted: not a member"));
  EXPECT_EQ(result().auth.fault, Fault::restricted);
  EXPECT_EQ(result().read.fault, Fault::auth_required);
  EXPECT_EQ(sent_event().kind, kProbeKind) << "write comes next";
}

TEST_F(ProbeFsmTest, JudgesTheFlagOfTheOkForItsOwnEventOnly) {
  start();
  document();
  open();
  say(R"(["EOSE","probe"])");
  Event other = sent_event();
  other.id.data[0] ^= 1U;
  say(ok(other, true));
  EXPECT_FALSE(fsm->finished());
  say(ok(sent_event(), false, "restricted: read only"));
  EXPECT_TRUE(fsm->finished());
  EXPECT_EQ(result().write.fault, Fault::restricted);
  EXPECT_EQ(observed_requirements(result()).writes, true);
}

TEST_F(ProbeFsmTest, OurOwnMistakeSaysNothingAboutThePolicyOfTheRelay) {
  start();
  document();
  open();
  say(R"(["EOSE","probe"])");
  say(ok(sent_event(), false, "invalid: created_at is off"));
  EXPECT_EQ(result().write.fault, Fault::own_fault);
  EXPECT_EQ(observed_requirements(result()).writes, std::nullopt);
}

TEST_F(ProbeFsmTest, EachCheckHasADeadlineOfItsOwn) {
  start();
  document();
  open();
  expire();
  EXPECT_EQ(result().read.outcome, Outcome::timeout);
  EXPECT_EQ(result().read.rtt_ms, 5'000U);
  EXPECT_THAT(sent(), ::testing::Contains(R"(["CLOSE","probe"])"));
  say(R"(["EOSE","probe"])");
  EXPECT_EQ(result().read.outcome, Outcome::timeout) << "too late";
  say(ok(sent_event(), true));
  EXPECT_TRUE(result().write.ok());
  EXPECT_TRUE(fsm->finished());
}

TEST_F(ProbeFsmTest, APeerThatClosesEndsTheCheckThatRan) {
  start();
  document();
  open();
  take(fsm->closed("go away"));
  EXPECT_TRUE(fsm->finished());
  EXPECT_TRUE(result().open.ok());
  EXPECT_EQ(result().read.fault, Fault::closed);
  EXPECT_EQ(result().read.detail, "go away");
  EXPECT_EQ(result().write.outcome, Outcome::skipped);
}

TEST_F(ProbeFsmTest, ANoticeWithAPrefixAnswersAndAnyOtherExplainsATimeout) {
  start();
  document();
  open();
  say(R"(["NOTICE","too busy\u0007today"])");
  expire();
  EXPECT_EQ(result().read.outcome, Outcome::timeout);
  EXPECT_EQ(result().read.detail, "too busy today");
  say(R"(["NOTICE","restricted: pay first"])");
  EXPECT_TRUE(fsm->finished());
  EXPECT_EQ(result().write.fault, Fault::restricted);
}

TEST_F(ProbeFsmTest, AFloodIsCutOff) {
  start();
  document();
  open();
  for (std::size_t i = 0; i <= options.max_messages; ++i) say(R"(["EVENT","other",{}])");
  EXPECT_TRUE(fsm->finished());
  EXPECT_EQ(result().read.fault, Fault::bad_answer);
  EXPECT_EQ(count(Kind::close_socket), 1U);
}

TEST_F(ProbeFsmTest, AMessageBeyondTheCapIsCutOff) {
  options.max_message_bytes = 100;
  start();
  document();
  open();
  say(R"(["NOTICE",")" + std::string(200, 'x') + "\"]");
  EXPECT_TRUE(fsm->finished());
  EXPECT_EQ(result().read.fault, Fault::too_large);
}

TEST_F(ProbeFsmTest, APeerThatSpeaksSomethingElseIsNoRelay) {
  start();
  take(fsm->nip11_fetched(404, ""));
  open();
  say("hello");
  expire();
  say("{}");
  expire();
  EXPECT_TRUE(fsm->finished());
  EXPECT_TRUE(result().open.ok());
  EXPECT_FALSE(result().is_relay());
}

TEST_F(ProbeFsmTest, APeerThatSaysNothingIsARelayByItsDocumentAlone) {
  for (const bool documented : {false, true}) {
    start();
    if (documented)
      document();
    else
      take(fsm->nip11_fetched(404, ""));
    open();
    expire();
    expire();
    EXPECT_TRUE(fsm->finished());
    EXPECT_TRUE(result().open.ok());
    EXPECT_EQ(result().is_relay(), documented);
  }
}

TEST_F(ProbeFsmTest, ACloseWithAReasonOfNostrIsAWordOfNostr) {
  for (const std::string_view reason : {"restricted: members only", "Bye"}) {
    start();
    take(fsm->nip11_fetched(404, ""));
    open();
    take(fsm->closed(reason));
    EXPECT_EQ(result().is_relay(), reason != "Bye");
  }
}

TEST_F(ProbeFsmTest, DocumentsThatAreTooLargeOrNoObjectFailThatCheckAlone) {
  options.max_nip11_bytes = 64;
  start();
  take(fsm->nip11_fetched(200, R"({"name":")" + std::string(100, 'x') + "\"}"));
  EXPECT_EQ(result().nip11.fault, Fault::too_large);
  start();
  document("[1]");
  EXPECT_EQ(result().nip11.fault, Fault::bad_answer);
  start();
  take(fsm->nip11_fetched(503, "{}"));
  EXPECT_EQ(result().nip11.fault, Fault::http);
  EXPECT_EQ(result().nip11.detail, "503");
  start();
  take(fsm->nip11_failed(Fault::too_large, "", false));
  open();
  EXPECT_TRUE(result().open.ok());
}

TEST_F(ProbeFsmTest, NotesARelayThatIgnoresTheLimit) {
  start();
  open();
  const Event note = test::Person(1).event(1, 1'700'000'000, "x");
  std::string text = R"(["EVENT","probe",)";
  append_event_json(text, note);
  text += "]";
  say(text);
  EXPECT_FALSE(result().limit_ignored);
  say(text);
  EXPECT_TRUE(result().limit_ignored);
}

TEST_F(ProbeFsmTest, OverlayNetworksHaveMoreTime) {
  start("ws://abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion");
  wait(23'000);
  take(fsm->tick());
  EXPECT_EQ(result().nip11.outcome, Outcome::skipped);
  expire();
  EXPECT_EQ(result().nip11.rtt_ms, 24'000U);
  expire();
  EXPECT_EQ(result().open.rtt_ms, 30'000U);
}

}  // namespace
}  // namespace pharos::monitor
