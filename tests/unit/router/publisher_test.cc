#include "router/publisher.h"

#include <gmock/gmock.h>

#include "upstream_world.h"

namespace pharos::router::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;

class Publishing : public ::testing::Test {
 protected:
  Publishing() {
    world.setup.upstream.direction = Direction::up;
    world.boot();
    world.run(seconds(2));
  }
  std::vector<Event> publish(std::size_t n) {
    std::vector<Event> out;
    for (std::size_t i = 0; i < n; ++i) {
      out.push_back(note(world.random, world.clock.unix_now()));
      world.publish(out.back());
    }
    return out;
  }
  bool arrived(const std::vector<Event>& events) const {
    return std::all_of(events.begin(), events.end(),
                       [this](const Event& event) { return world.relay.find(event.id) != nullptr; });
  }
  UpstreamWorld world;
};

TEST_F(Publishing, SendsNewEventsAndSettlesThemByTheirOk) {
  const auto events = publish(300);
  world.run(seconds(3));
  EXPECT_TRUE(arrived(events));
  EXPECT_EQ(world.status().sent_accepted, 300U);
  EXPECT_EQ(world.status().backlog, 0U);
  EXPECT_EQ(world.cursor(), 300U);
}

TEST_F(Publishing, KeepsABoundedWindowInFlight) {
  world.relay.script.answers_ok = false;
  publish(300);
  while (world.commit()) {
  }
  EXPECT_EQ(world.relay.received_events(), 64U);
  EXPECT_EQ(world.status().backlog, 300U);
}

TEST_F(Publishing, SendsWhatWasStoredWhileTheUpstreamWasDown) {
  world.reachable = false;
  world.relay.disconnect();
  world.act([this](Actions& out) { world.fsm->on_closed("gone", out); });
  const auto events = publish(1'000);
  world.run(minutes(2), seconds(1));
  EXPECT_EQ(world.status().backlog, 1'000U);
  world.reachable = true;
  world.run(minutes(6), seconds(1));
  EXPECT_TRUE(arrived(events));
  EXPECT_EQ(world.status().backlog, 0U);
}

TEST_F(Publishing, LosesNothingInACrash) {
  const auto events = publish(200);
  for (int i = 0; i < 50; ++i) world.deliver();
  world.crash();
  world.run(seconds(5));
  EXPECT_TRUE(arrived(events));
  EXPECT_EQ(world.cursor(), 200U);
}

TEST_F(Publishing, AnUnansweredEventIsSentAgainAndGivenUpInTheEnd) {
  world.relay.script.answers_ok = false;
  publish(1);
  world.run(seconds(25), seconds(1));
  EXPECT_EQ(world.relay.received_events(), 2U);
  world.run(minutes(5), seconds(1));
  EXPECT_EQ(world.relay.received_events(), 5U);
  EXPECT_EQ(world.status().sent_refused, 1U);
  EXPECT_EQ(world.status().sent_refusals[0].first, "timeout");
  EXPECT_EQ(world.cursor(), 1U);
}

TEST_F(Publishing, AnEventThatEndsTheConnectionDoesNotHoldUpTheOthers) {
  auto events = publish(200);
  world.relay.script.dies_of = events[70].id;
  world.run(minutes(30), seconds(1));
  events.erase(events.begin() + 70);
  EXPECT_TRUE(arrived(events));
  EXPECT_EQ(world.cursor(), 200U);
  EXPECT_THAT(world.status().sent_refusals, ::testing::ElementsAre(std::pair<std::string, std::uint64_t>("closed", 1)));
}

TEST_F(Publishing, ALossOfTheConnectionAloneGivesNothingUp) {
  world.relay.script.answers_ok = false;
  const auto events = publish(100);
  for (int i = 0; i < 4; ++i) {
    while (!world.fsm->connected()) world.advance(seconds(1));
    world.settle();
    world.relay.disconnect();
    world.act([this](Actions& out) { world.fsm->on_closed("gone", out); });
  }
  world.relay.script.answers_ok = true;
  world.run(minutes(10), seconds(1));
  EXPECT_TRUE(arrived(events));
}

TEST_F(Publishing, KeepsTheLastRefusalsWithIdAndText) {
  world.relay.script.accepts = false;
  world.relay.script.ok_message = "blocked: not on the list";
  const auto events = publish(20);
  world.run(seconds(3));
  const auto last = world.status().last_refused;
  ASSERT_EQ(last.size(), 16U);
  EXPECT_EQ(last.back().id, events.back().id.hex());
  EXPECT_EQ(last.back().reason, "blocked");
  EXPECT_EQ(last.back().text, "blocked: not on the list");
}

TEST_F(Publishing, KeepsTextsThatCannotReachIntoATerminal) {
  world.relay.script.accepts = false;
  world.relay.script.ok_message = "blocked: \x1b[2J\x07" + std::string(184, 'x') + "\u20ac";
  publish(1);
  world.run(seconds(3));
  const auto last = world.status().last_refused;
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].text, "blocked:  [2J " + std::string(184, 'x'));
}

TEST(PublishingBoth, EventsOfTheUpstreamAreNotSentBackAfterARestart) {
  UpstreamWorld world;
  world.setup.upstream.direction = Direction::both;
  world.boot();
  world.run(seconds(2));
  world.relay.script.accepts = false;
  world.relay.script.ok_message = "rate-limited: later";
  // More than the publisher looks ahead.
  for (int i = 0; i < 100; ++i) world.publish(note(world.random, world.clock.unix_now()));
  for (int i = 0; i < 50; ++i) {
    world.relay.store(note(world.random, world.clock.unix_now()));
    world.settle();
  }
  world.run(seconds(3));
  EXPECT_EQ(world.cursor(), 0U);
  world.crash();
  world.relay.script.accepts = true;
  world.relay.script.ok_message.clear();
  world.run(seconds(20));
  EXPECT_EQ(world.status().backlog, 0U);
  EXPECT_EQ(world.status().sent_accepted, 100U);
  EXPECT_EQ(world.status().sent_duplicate, 0U);
}

TEST(PublishingBoth, SavesItsMarkBeforeItIsStopped) {
  UpstreamWorld world;
  world.setup.upstream.direction = Direction::both;
  world.setup.publisher.persist_every = minutes(5);
  world.boot();
  world.run(seconds(2));
  world.publish(note(world.random, world.clock.unix_now()));
  while (world.deliver()) {
  }
  world.settle();
  world.act([&](Actions& out) { world.fsm->drain(out); });
  EXPECT_FALSE(world.fsm->stopped());
  world.settle();
  EXPECT_TRUE(world.fsm->stopped());
  EXPECT_EQ(world.cursor(), 1U);
}

TEST_F(Publishing, ARefusalIsFinalAndCountedByItsReason) {
  world.relay.script.accepts = false;
  world.relay.script.ok_message = "blocked: not on the list";
  publish(3);
  world.run(seconds(3));
  EXPECT_EQ(world.relay.received_events(), 3U);
  EXPECT_THAT(world.status().sent_refusals,
              ::testing::ElementsAre(std::pair<std::string, std::uint64_t>("blocked", 3)));
  EXPECT_EQ(world.cursor(), 3U);
}

TEST_F(Publishing, WaitsForARateLimitHoweverLongItTakes) {
  world.relay.script.accepts = false;
  world.relay.script.ok_message = "rate-limited: slow down";
  const auto events = publish(3);
  world.run(minutes(5), seconds(1));
  EXPECT_EQ(world.status().sent_refused, 0U);
  EXPECT_LT(world.relay.received_events(), 250U);
  world.relay.script.accepts = true;
  world.run(seconds(10));
  EXPECT_TRUE(arrived(events));
}

TEST_F(Publishing, SendsAgainAfterAuth) {
  world.relay.script.requires_auth = true;
  world.relay.disconnect();
  world.act([this](Actions& out) { world.fsm->on_closed("gone", out); });
  const auto events = publish(10);
  world.run(seconds(10));
  EXPECT_TRUE(arrived(events));
}

TEST_F(Publishing, KeepsPrivateProtectedExpiredAndAuthEventsToItself) {
  auto events = publish(1);
  Event wrap = note(world.random, world.clock.unix_now(), 1059);
  Event message = note(world.random, world.clock.unix_now(), 4);
  Event auth = note(world.random, world.clock.unix_now(), 22242);
  Event guarded = note(world.random, world.clock.unix_now());
  guarded.tags.add({"-"});
  Event expired = note(world.random, world.clock.unix_now());
  expired.tags.add({"expiration", "1600000000"});
  for (const Event& event : {wrap, message, auth, guarded, expired}) world.publish(event);
  Event own = guarded;
  own.id = event_id(world.random);
  own.pubkey = world.setup.own_key;
  world.publish(own);
  world.run(seconds(3));
  EXPECT_EQ(world.relay.size(), 2U);
  EXPECT_TRUE(arrived({events[0], own}));
  EXPECT_EQ(world.cursor(), 7U);
}

TEST_F(Publishing, SendsOnlyWhatItsFiltersMatch) {
  world.setup.upstream.filters[0].kinds = std::vector<Kind>{7};
  world.crash();
  world.publish(note(world.random, world.clock.unix_now(), 1));
  world.publish(note(world.random, world.clock.unix_now(), 7));
  world.run(seconds(2));
  EXPECT_EQ(world.relay.size(), 1U);
  EXPECT_EQ(world.status().backlog, 0U);
}

TEST_F(Publishing, EphemeralEventsGoOnlyThroughAnOpenConnection) {
  const auto event = std::make_shared<const Event>(note(world.random, world.clock.unix_now(), 20'001));
  world.act([&](Actions& out) { world.fsm->on_ephemeral(event, out); });
  EXPECT_EQ(world.relay.received_events(), 1U);
  world.reachable = false;
  world.relay.disconnect();
  world.act([this](Actions& out) { world.fsm->on_closed("gone", out); });
  world.act([&](Actions& out) { world.fsm->on_ephemeral(event, out); });
  world.reachable = true;
  world.run(minutes(1), seconds(1));
  EXPECT_EQ(world.relay.received_events(), 1U);
}

TEST_F(Publishing, AQuietConnectionThatLastedIsNoFailure) {
  for (int i = 0; i < 8; ++i) {
    world.run(minutes(3), seconds(1));
    ASSERT_TRUE(world.fsm->connected());
    world.relay.disconnect();
    world.act([this](Actions& out) { world.fsm->on_closed("restart", out); });
    EXPECT_LE(world.status().retries, 1U);
  }
  EXPECT_EQ(world.status().breaker, "closed");
}

TEST(PublishingAtFirst, BeginsWithWhatComesUnlessToldOtherwise) {
  for (const bool existing : {false, true}) {
    UpstreamWorld world;
    world.setup.upstream.direction = Direction::up;
    world.setup.upstream.publish_existing = existing;
    for (int i = 0; i < 10; ++i)
      world.log.push_back(std::make_shared<const Event>(note(world.random, world.clock.unix_now())));
    world.boot();
    world.run(seconds(3));
    EXPECT_EQ(world.relay.size(), existing ? 10U : 0U);
    EXPECT_EQ(world.cursor(), 10U);
  }
}

}  // namespace
}  // namespace pharos::router::test
