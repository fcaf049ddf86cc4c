#include "monitor/outbox.h"

#include <gmock/gmock.h>

#include "support/event_builder.h"

namespace pharos::monitor {
namespace {

class OutboxTest : public ::testing::Test {
 protected:
  PublishOptions options;
  ManualClock clock;
  test::Person person{1};

  std::vector<Kind> lost;

  Outbox make() {
    return Outbox(options, [this](Kind kind) { lost.push_back(kind); });
  }
  storage::EventPtr discovery(std::string_view d, UnixSeconds at = 1'700'000'000) {
    return std::make_shared<const Event>(person.event(30166, at, "", {{"d", d}}));
  }
  storage::EventPtr note(int n) {
    return std::make_shared<const Event>(person.event(1, 1'700'000'000, std::to_string(n)));
  }
};

TEST_F(OutboxTest, SendsAWindowAndCountsTheAnswers) {
  options.window = 2;
  Outbox outbox = make();
  for (int i = 0; i < 3; ++i) outbox.push(note(i));
  const auto sent = outbox.take(clock.now());
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_TRUE(outbox.take(clock.now()).empty());
  clock.advance(std::chrono::milliseconds(40));
  const auto answer = outbox.on_ok(sent[0]->id, true, "", clock.now());
  EXPECT_EQ(answer.settled, Outbox::Settled::accepted);
  EXPECT_EQ(answer.kind, 1);
  EXPECT_EQ(outbox.last_latency(), std::chrono::milliseconds(40));
  EXPECT_EQ(outbox.on_ok(sent[0]->id, true, "", clock.now()).settled, Outbox::Settled::unknown);
  EXPECT_EQ(outbox.on_ok(sent[1]->id, false, "blocked: no", clock.now()).settled, Outbox::Settled::rejected);
  EXPECT_EQ(outbox.last_rejection(), "blocked: no");
  EXPECT_EQ(outbox.take(clock.now()).size(), 1U);
  EXPECT_EQ(outbox.totals().accepted, 1U);
  EXPECT_EQ(outbox.totals().rejected, 1U);
}

TEST_F(OutboxTest, ANewerStatementTakesThePlaceOfTheWaitingOne) {
  Outbox outbox = make();
  outbox.push(discovery("wss://a.com/", 10));
  outbox.push(discovery("wss://b.com/", 10));
  const auto newer = discovery("wss://a.com/", 20);
  outbox.push(newer);
  EXPECT_EQ(outbox.waiting(), 2U);
  EXPECT_EQ(outbox.take(clock.now())[0]->id, newer->id);
}

TEST_F(OutboxTest, DropsTheOldestBeyondItsCap) {
  options.queue = 2;
  Outbox outbox = make();
  for (int i = 0; i < 5; ++i) outbox.push(note(i));
  EXPECT_EQ(outbox.waiting(), 2U);
  EXPECT_EQ(outbox.totals().dropped, 3U);
  EXPECT_EQ(lost.size(), 3U) << "each one is told";
  EXPECT_EQ(outbox.take(clock.now())[0]->content, "3");
}

TEST_F(OutboxTest, GivesUpAfterTheLastAttempt) {
  options.max_attempts = 2;
  Outbox outbox = make();
  outbox.push(note(1));
  outbox.take(clock.now());
  EXPECT_EQ(outbox.deadline(), clock.now() + options.ok_timeout);
  clock.advance(options.ok_timeout);
  EXPECT_TRUE(outbox.expire(clock.now()));
  EXPECT_EQ(outbox.take(clock.now()).size(), 1U);
  outbox.on_disconnect();
  EXPECT_TRUE(outbox.idle());
  EXPECT_EQ(outbox.totals().failed, 1U);
  EXPECT_THAT(lost, ::testing::ElementsAre(1)) << "told once, after the last attempt";
}

TEST_F(OutboxTest, WaitsWhenAskedForPatienceOrAuth) {
  Outbox outbox = make();
  const auto event = note(1);
  outbox.push(event);
  outbox.take(clock.now());
  EXPECT_EQ(outbox.on_ok(event->id, false, "rate-limited: slowly", clock.now()).settled, Outbox::Settled::later);
  outbox.take(clock.now());
  EXPECT_EQ(outbox.on_ok(event->id, false, "auth-required: who?", clock.now()).settled, Outbox::Settled::wants_auth);
  outbox.take(clock.now());
  EXPECT_EQ(outbox.on_ok(event->id, false, "auth-required: who?", clock.now()).settled, Outbox::Settled::rejected)
      << "not for ever";
}

TEST_F(OutboxTest, ADuplicateWasPublishedBefore) {
  Outbox outbox = make();
  const auto event = note(1);
  outbox.push(event);
  outbox.take(clock.now());
  EXPECT_EQ(outbox.on_ok(event->id, false, "duplicate: have it", clock.now()).settled, Outbox::Settled::accepted);
}

}  // namespace
}  // namespace pharos::monitor
