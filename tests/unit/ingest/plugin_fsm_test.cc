#include "ingest/plugin_fsm.h"

#include <atomic>

#include <gmock/gmock.h>

#include "support/event_builder.h"

namespace pharos::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using What = PolicyDecision::What;

class PluginFsmTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.command = "policy";
    options_.max_in_flight = 3;
    options_.queue_capacity = 5;
    options_.backoff = {seconds(1), seconds(8), milliseconds(100)};
    metrics_.up = metrics::Gauge(&up_);
    metrics_.late_answers = metrics::Counter(&late_);
    metrics_.bad_lines = metrics::Counter(&bad_lines_);
    fsm_ = std::make_unique<PluginFsm>(clock_, random_, metrics_);
    fsm_->configure(options_, actions_);
    take();
  }

  // Asks about a new event; its number.
  std::size_t ask() {
    const std::size_t number = events_.size();
    events_.push_back(test::share(alice_.event(1, 1'700'000'000, std::to_string(number))));
    fsm_->ask(question(number), actions_);
    return number;
  }
  PolicyQuestion question(std::size_t number) {
    return {events_[number], Source::client, sender_, [this, number](const PolicyDecision& decision) {
              decisions_.emplace_back(number, decision.what);
              messages_.push_back(decision.message);
            }};
  }
  // Hands every line on that may be; how many.
  std::size_t give() {
    std::size_t given = 0;
    std::string line;
    while (fsm_->take_line(line)) ++given;
    lines_ += line;
    return given;
  }
  void ask_and_give(std::size_t n) {
    for (; n > 0; --n) ask();
    give();
  }
  std::string answer(std::size_t number, const std::string& action = "accept", const std::string& more = "") const {
    return R"({"id":")" + events_.at(number)->id.hex() + R"(","action":")" + action + "\"" + more + "}\n";
  }
  void hear(const std::string& bytes) {
    fsm_->on_output(bytes, actions_);
    take();
  }
  void pass(milliseconds time) {
    clock_.advance(time);
    fsm_->on_time(actions_);
    take();
  }
  void ended() {
    fsm_->on_ended(actions_);
    take();
  }
  // Carries the actions out.
  void take() {
    for (auto& action : actions_) {
      if (std::holds_alternative<plugin_action::Start>(action)) did_.push_back("start");
      if (auto* end = std::get_if<plugin_action::End>(&action)) did_.push_back("end: " + end->why);
      if (auto* bad = std::get_if<plugin_action::BadLine>(&action)) did_.push_back(bad->why + ": " + bad->line);
      if (auto* settled = std::get_if<plugin_action::Settle>(&action)) settled->question.done(settled->decision);
    }
    actions_.clear();
  }
  std::vector<std::string> did() { return std::exchange(did_, {}); }
  std::vector<std::pair<std::size_t, What>> decisions() {
    take();
    return std::exchange(decisions_, {});
  }
  static auto decided(std::size_t number, What what) { return std::pair(number, what); }

  ManualClock clock_;
  SeededRandom random_{1};
  std::atomic<std::int64_t> up_{0};
  std::atomic<std::uint64_t> late_{0};
  std::atomic<std::uint64_t> bad_lines_{0};
  metrics::PluginMetrics metrics_;
  PluginOptions options_;
  std::unique_ptr<PluginFsm> fsm_;
  PluginActions actions_;
  test::Person alice_{1};
  test::Person bob_{2};
  SenderPtr sender_ = std::make_shared<const Sender>(Sender{"192.0.2.1", nullptr});
  std::vector<storage::EventPtr> events_;
  std::string lines_;
  std::vector<std::string> did_;
  std::vector<std::string> messages_;

 private:
  std::vector<std::pair<std::size_t, What>> decisions_;
};

TEST_F(PluginFsmTest, StartsWithItsCommand) {
  EXPECT_THAT(did(), ElementsAre("start"));
  EXPECT_EQ(up_, 1);
}

TEST_F(PluginFsmTest, MatchesAnswersByIdInAnyOrder) {
  ask_and_give(3);
  hear(answer(2, "reject", R"(,"msg":"no")") + answer(0) + answer(1, "shadowReject"));
  EXPECT_THAT(decisions(),
              ElementsAre(decided(2, What::reject), decided(0, What::accept), decided(1, What::shadow_reject)));
  EXPECT_EQ(messages_.front(), "no");
}

TEST_F(PluginFsmTest, TellsWhereAnEventComesFrom) {
  ask_and_give(1);
  EXPECT_THAT(lines_, HasSubstr(R"("receivedAt":1700000000,"sourceType":"IP4","sourceInfo":"192.0.2.1"})"));
  sender_ = std::make_shared<const Sender>(Sender{"2001:db8::1", nullptr});
  ask_and_give(1);
  EXPECT_THAT(lines_, HasSubstr(R"("sourceType":"IP6","sourceInfo":"2001:db8::1"})"));
  auto from_upstream = question(0);
  from_upstream.source = Source::router;
  from_upstream.sender = std::make_shared<const Sender>(Sender{"wss://up.example.com/", nullptr});
  fsm_->ask(std::move(from_upstream), actions_);
  give();
  EXPECT_THAT(lines_, HasSubstr(R"("sourceType":"Stream","sourceInfo":"wss://up.example.com/"})"));
  hear(answer(0) + answer(1));
  auto imported = question(0);
  imported.source = Source::import_;
  imported.sender = nullptr;
  fsm_->ask(std::move(imported), actions_);
  give();
  EXPECT_THAT(lines_, HasSubstr(R"("sourceType":"Import","sourceInfo":""})"));
}

TEST_F(PluginFsmTest, NamesTheAuthorWhereItIsAmongTheAuthenticated) {
  const auto keys = [](std::vector<PublicKey> list) {
    return std::make_shared<const Sender>(
        Sender{"192.0.2.1", std::make_shared<const std::vector<PublicKey>>(std::move(list))});
  };
  sender_ = keys({bob_.key(), alice_.key()});
  ask_and_give(1);
  EXPECT_THAT(lines_, HasSubstr(R"("authed":")" + alice_.hex()));
  lines_.clear();
  sender_ = keys({bob_.key()});
  ask_and_give(1);
  EXPECT_THAT(lines_, HasSubstr(R"("authed":")" + bob_.hex()));
  lines_.clear();
  sender_ = keys({});
  ask_and_give(1);
  EXPECT_THAT(lines_, Not(HasSubstr("authed")));
}

TEST_F(PluginFsmTest, GivesSoManyAtATime) {
  for (int i = 0; i < 5; ++i) ask();
  EXPECT_EQ(give(), 3U);
  hear(answer(1));
  EXPECT_EQ(give(), 1U);
}

TEST_F(PluginFsmTest, DecidesItselfWhenTooManyWait) {
  for (int i = 0; i < 6; ++i) ask();
  EXPECT_THAT(decisions(), ElementsAre(decided(5, What::unanswered)));
}

TEST_F(PluginFsmTest, ReadsLinesInAnyPieces) {
  ask_and_give(2);
  const std::string bytes = answer(0) + answer(1);
  for (const char byte : bytes) hear(std::string(1, byte));
  EXPECT_EQ(decisions().size(), 2U);
}

TEST_F(PluginFsmTest, PassesOverLinesThatAreNoAnswers) {
  ask_and_give(1);
  did();
  hear("debug\n" + answer(0) + "\n");
  EXPECT_THAT(did(), ElementsAre("not one JSON object: debug", "not one JSON object: "));
  EXPECT_EQ(decisions().size(), 1U);
  EXPECT_EQ(bad_lines_, 2U);
}

TEST_F(PluginFsmTest, AnAnswerToNothingIsABadLine) {
  ask_and_give(1);
  hear(answer(0));
  did();
  hear(answer(0));
  EXPECT_THAT(did(), ElementsAre(HasSubstr("the id is of no event that it was asked about")));
}

TEST_F(PluginFsmTest, ALateAnswerIsNoBadLine) {
  ask_and_give(1);
  pass(seconds(3));
  ask_and_give(1);
  pass(seconds(1));
  hear(answer(1));
  pass(seconds(1));
  EXPECT_THAT(decisions(), ElementsAre(decided(1, What::accept), decided(0, What::unanswered)));
  did();
  hear(answer(0));
  EXPECT_EQ(late_, 1U);
  EXPECT_EQ(bad_lines_, 0U);
  EXPECT_THAT(did(), IsEmpty()) << "one event too many is no fault while others are answered";
}

TEST_F(PluginFsmTest, ASilentOneIsEndedAndRests) {
  ask_and_give(4);
  did();
  EXPECT_EQ(fsm_->next_deadline(), clock_.now() + seconds(5));
  pass(seconds(5));
  EXPECT_EQ(decisions().size(), 4U) << "those that wait are decided too";
  EXPECT_THAT(did(), ElementsAre("end: it did not answer within plugin.timeout"));
  EXPECT_EQ(up_, 0);
  ask();
  EXPECT_THAT(decisions(), ElementsAre(decided(4, What::unanswered))) << "at once, while it is down";
  ended();
  ask();
  EXPECT_EQ(decisions().size(), 1U);
  EXPECT_THAT(did(), IsEmpty());
  pass(seconds(1));
  EXPECT_THAT(did(), ElementsAre("start"));
  ask_and_give(1);
  hear(answer(6));
  EXPECT_THAT(decisions(), ElementsAre(decided(6, What::accept)));
}

TEST_F(PluginFsmTest, FailsOpenWhereItIsToldTo) {
  options_.accept_on_failure = true;
  fsm_->configure(options_, actions_);
  ask_and_give(1);
  pass(seconds(5));
  ask();
  EXPECT_THAT(decisions(), ElementsAre(decided(0, What::accept), decided(1, What::accept)));
}

TEST_F(PluginFsmTest, AnEventWaitsForItsTurnOnlySoLong) {
  ask_and_give(3);
  ask();
  pass(seconds(4));
  hear(answer(0));
  give();
  ask();
  ask();
  pass(seconds(4));
  EXPECT_THAT(decisions(),
              ElementsAre(decided(0, What::accept), decided(1, What::unanswered), decided(2, What::unanswered)));
  give();
  hear(answer(3) + answer(4) + answer(5));
  EXPECT_EQ(decisions().size(), 3U);
}

TEST_F(PluginFsmTest, WhereNobodyWaitsAnEventWaitsAsLongAsItTakes) {
  options_.patience.reset();
  options_.max_in_flight = 1;
  fsm_->configure(options_, actions_);
  ask_and_give(5);
  for (std::size_t i = 0; i < 5; ++i) {
    pass(seconds(4));
    hear(answer(i));
    give();
  }
  EXPECT_EQ(decisions().size(), 5U);
}

TEST_F(PluginFsmTest, ACrashSettlesWhatItWasGiven) {
  ask_and_give(2);
  did();
  fsm_->on_closed(actions_);
  take();
  EXPECT_THAT(did(), ElementsAre(HasSubstr("end: it has closed")));
  EXPECT_EQ(decisions().size(), 2U);
  hear(answer(0));
  EXPECT_THAT(decisions(), IsEmpty()) << "what the old process says counts no more";
}

TEST_F(PluginFsmTest, RestsLongerEachTime) {
  milliseconds longest{0};
  for (int i = 0; i < 12; ++i) {
    fsm_->on_closed(actions_);
    ended();
    const milliseconds rests = std::chrono::ceil<milliseconds>(*fsm_->next_deadline() - clock_.now());
    EXPECT_LE(rests, seconds(1U << std::min(i, 3)));
    EXPECT_GE(rests, milliseconds(100));
    longest = std::max(longest, rests);
    pass(rests);
  }
  EXPECT_GT(longest, seconds(1));
  // Only one that lived and answered begins anew.
  ask_and_give(1);
  hear(answer(0));
  pass(PluginFsm::kProven);
  ask_and_give(1);
  hear(answer(1));
  fsm_->on_closed(actions_);
  ended();
  EXPECT_LE(*fsm_->next_deadline() - clock_.now(), seconds(1));
}

TEST_F(PluginFsmTest, OneThatCannotBeStartedRestsToo) {
  did();
  ask();
  ended();
  EXPECT_EQ(decisions().size(), 1U);
  EXPECT_EQ(up_, 0);
  pass(seconds(1));
  EXPECT_THAT(did(), ElementsAre("start"));
}

TEST_F(PluginFsmTest, ABabblingOneIsEnded) {
  std::string lines;
  for (std::size_t i = 0; i < PluginFsm::kMaxBadLines; ++i) lines += "y\n";
  ask_and_give(1);
  hear(lines + answer(0) + lines);
  EXPECT_THAT(did_, ::testing::Each(Not(HasSubstr("end:")))) << "an answer between them begins anew";
  did();
  hear("y\n" + lines);
  EXPECT_THAT(did(), ElementsAre("end: it prints what are no answers"));
}

TEST_F(PluginFsmTest, ALineWithoutEndIsNotKept) {
  did();
  const std::string piece(1024, 'x');
  for (std::size_t i = 0; i < PluginFsm::kMaxLine / piece.size(); ++i) hear(piece);
  EXPECT_THAT(did(), IsEmpty());
  hear("x");
  EXPECT_THAT(did(), ElementsAre(HasSubstr("end: it printed a line of more than")));
}

TEST_F(PluginFsmTest, ANewFileTakesOverOnceTheOldOneHasAnswered) {
  ask_and_give(2);
  did();
  fsm_->on_file_changed(actions_);
  ask();
  EXPECT_EQ(give(), 0U);
  hear(answer(0));
  EXPECT_THAT(did(), IsEmpty());
  hear(answer(1));
  EXPECT_THAT(did(), ElementsAre("end: its command or its file has changed"));
  ask();
  EXPECT_EQ(decisions().size(), 2U) << "the others wait";
  ended();
  EXPECT_THAT(did(), ElementsAre("start")) << "at once";
  EXPECT_EQ(give(), 2U);
}

TEST_F(PluginFsmTest, AFileThatChangesWhileNothingIsAskedIsTakenAtOnce) {
  did();
  fsm_->on_file_changed(actions_);
  take();
  EXPECT_THAT(did(), ElementsAre(HasSubstr("end: ")));
}

TEST_F(PluginFsmTest, ANewCommandIsTakenWithoutARest) {
  fsm_->on_closed(actions_);
  ended();
  did();
  options_.command = "another";
  fsm_->configure(options_, actions_);
  take();
  EXPECT_THAT(did(), ElementsAre("start"));
  EXPECT_EQ(fsm_->options().command, "another");
}

TEST_F(PluginFsmTest, OtherSettingsKeepTheProcess) {
  did();
  options_.max_in_flight = 1;
  fsm_->configure(options_, actions_);
  take();
  EXPECT_THAT(did(), IsEmpty());
  for (int i = 0; i < 2; ++i) ask();
  EXPECT_EQ(give(), 1U);
}

TEST_F(PluginFsmTest, WithoutACommandAllIsAccepted) {
  ask_and_give(1);
  did();
  options_.command.clear();
  fsm_->configure(options_, actions_);
  take();
  EXPECT_THAT(did(), ElementsAre(HasSubstr("end: ")));
  ask();
  EXPECT_THAT(decisions(), ElementsAre(decided(0, What::accept), decided(1, What::accept)));
  ended();
  EXPECT_THAT(did(), IsEmpty());
  options_.command = "policy";
  fsm_->configure(options_, actions_);
  take();
  EXPECT_THAT(did(), ElementsAre("start"));
}

TEST_F(PluginFsmTest, StoppingSettlesAllAndEndsIt) {
  ask_and_give(4);
  did();
  fsm_->stop(actions_);
  take();
  EXPECT_THAT(did(), ElementsAre("end: the relay stops"));
  EXPECT_EQ(decisions().size(), 4U);
  EXPECT_FALSE(fsm_->is_stopped());
  ended();
  EXPECT_TRUE(fsm_->is_stopped());
  ask();
  EXPECT_THAT(decisions(), ElementsAre(decided(4, What::unanswered)));
}

TEST_F(PluginFsmTest, TheSameEventTwiceTakesTwoAnswers) {
  ask_and_give(1);
  fsm_->ask(question(0), actions_);
  give();
  hear(answer(0) + answer(0, "reject"));
  EXPECT_THAT(decisions(), ElementsAre(decided(0, What::accept), decided(0, What::reject)));
}

TEST_F(PluginFsmTest, WhatItTellsASenderIsCleaned) {
  ask_and_give(1);
  hear(answer(0, "reject", R"(,"msg":"a\nb\u001b[31m)" + std::string(1000, 'x') + "\""));
  EXPECT_THAT(messages_.at(0), ::testing::StartsWith("a b [31mx"));
  EXPECT_LE(messages_.at(0).size(), 200U);
}

}  // namespace
}  // namespace pharos::ingest
