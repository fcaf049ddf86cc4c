#include "router/upstream_fsm.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "upstream_world.h"

namespace pharos::router::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

void fill(UpstreamWorld& world, std::size_t events, UnixSeconds from, UnixSeconds to) {
  for (std::size_t i = 0; i < events; ++i)
    world.relay.store(note(
        world.random, from + static_cast<UnixSeconds>(world.random.below(static_cast<std::uint64_t>(to - from + 1)))));
}

double share(const UpstreamWorld& world) { return world.status().ledgers.at(0).complete_share; }

TEST(UpstreamFsm, OpensTheLiveSubscriptionBeforeItCatchesUp) {
  UpstreamWorld world;
  fill(world, 100, 1'699'000'000, 1'699'900'000);
  world.boot();
  ASSERT_EQ(world.relay.asked().size(), 1U);
  EXPECT_EQ(world.relay.asked()[0].filters[0].limit, 0U);
  EXPECT_FALSE(world.relay.asked()[0].filters[0].since);
  EXPECT_EQ(world.fsm->state(), UpstreamState::connecting);
  world.deliver();
  EXPECT_EQ(world.fsm->state(), UpstreamState::catching_up);
  world.run(seconds(3));
  EXPECT_EQ(world.fsm->state(), UpstreamState::live);
  EXPECT_THAT(world.missing(), IsEmpty());
}

TEST(UpstreamFsm, ClaimsEverythingButTheYoungestMinutes) {
  UpstreamWorld world;
  fill(world, 3'000, 1'690'000'000, 1'700'000'000);
  world.boot();
  world.run(seconds(10));
  const auto entries = world.ledger().entries();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].state, Coverage::complete);
  EXPECT_EQ(entries[0].range.from, 0);
  EXPECT_LE(entries[0].range.to, world.clock.unix_now() - 600);
  EXPECT_GE(entries[0].range.to, world.clock.unix_now() - 620);
}

TEST(UpstreamFsm, TheLiveSubscriptionExtendsTheLedgerWithoutAskingAgain) {
  UpstreamWorld world;
  fill(world, 50, 1'699'000'000, 1'699'900'000);
  world.boot();
  world.run(seconds(10));
  const std::size_t asked = world.relay.asked().size();
  for (int i = 0; i < 30; ++i) {
    world.relay.store(note(world.random, world.clock.unix_now()));
    world.run(minutes(1), seconds(1));
  }
  EXPECT_EQ(world.relay.asked().size(), asked);
  EXPECT_THAT(world.missing(), IsEmpty());
  const auto entries = world.ledger().entries();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_GE(entries[0].range.to, world.clock.unix_now() - 600 - 60);
  EXPECT_EQ(entries[0].evidence.method, Method::mixed);
}

TEST(UpstreamFsm, AfterACrashOnlyTheGapIsFetched) {
  UpstreamWorld world;
  fill(world, 5'000, 1'690'000'000, 1'699'999'000);
  world.boot();
  world.run(seconds(10));
  ASSERT_THAT(world.missing(), IsEmpty());
  world.crash();
  fill(world, 20, 1'700'000'000, 1'700'000'010);
  const std::size_t before = world.messages;
  world.run(seconds(5));
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_LT(world.messages - before, 200U);
}

TEST(UpstreamFsm, ResumesInTheMiddleOfACatchUp) {
  UpstreamWorld world;
  fill(world, 5'000, 1'690'000'000, 1'699'999'000);
  world.boot();
  for (int i = 0; i < 3'000; ++i) world.deliver();
  while (world.commit()) {
  }
  world.advance(seconds(1));
  while (world.commit()) {
  }
  const std::size_t held = world.held.size();
  EXPECT_GT(held, 1'500U);
  world.crash();
  const std::size_t before = world.messages;
  world.run(seconds(10));
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_LT(world.messages - before, 5'000U - held + 1'700U);
}

TEST(UpstreamFsm, NothingIsClaimedBeforeItsEventsAreDurable) {
  UpstreamWorld world;
  fill(world, 2'000, 1'690'000'000, 1'699'999'000);
  world.boot();
  while (world.deliver()) {
  }
  world.advance(seconds(1));
  for (const Action& job : world.jobs) EXPECT_FALSE(std::holds_alternative<PersistLedger>(job));
  world.run(seconds(3));
  EXPECT_FALSE(world.ledger().entries().empty());
}

TEST(UpstreamFsm, EventsTheStoreCouldNotTakeAreFetchedAgain) {
  UpstreamWorld world;
  fill(world, 2'000, 1'690'000'000, 1'699'000'000);
  world.lose = 300;
  world.boot();
  world.run(seconds(3));
  EXPECT_THAT(world.missing(), SizeIs(300));
  EXPECT_THAT(world.missing_in_complete(), IsEmpty());
  world.run(minutes(5));
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_EQ(world.status().lost, 300U);
}

TEST(UpstreamFsm, ALostLiveEventIsFetchedAgain) {
  UpstreamWorld world;
  fill(world, 20, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.run(seconds(10));
  world.lose = 1;
  world.relay.store(note(world.random, world.clock.unix_now() - 5));
  world.relay.store(note(world.random, world.clock.unix_now() - 4'000));
  world.settle();
  EXPECT_THAT(world.missing(), SizeIs(1));
  world.run(minutes(30), seconds(1));
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_THAT(world.missing_in_complete(), IsEmpty());
}

TEST(UpstreamFsm, AFailedWriteOfTheLedgerIsTriedAgain) {
  UpstreamWorld world;
  fill(world, 100, 1'690'000'000, 1'699'000'000);
  world.fail_writes = 2;
  world.boot();
  world.run(seconds(1));
  EXPECT_TRUE(world.ledgers.empty());
  world.run(seconds(5));
  EXPECT_GT(share(world), 0.99);
}

TEST(UpstreamFsm, RefusedEventsAreCountedAndDoNotHoldTheLedgerUp) {
  UpstreamWorld world;
  const Event bad = note(world.random, 1'699'000'000);
  world.refuse.insert(bad.id);
  world.relay.store(bad);
  fill(world, 10, 1'690'000'000, 1'698'000'000);
  world.boot();
  world.run(seconds(5));
  EXPECT_FALSE(world.held.contains(bad.id));
  EXPECT_EQ(world.status().invalid, 1U);
  EXPECT_THAT(world.status().invalid_reasons,
              ::testing::ElementsAre(std::pair<std::string, std::uint64_t>("policy", 1)));
  EXPECT_GT(share(world), 0.99);
}

TEST(UpstreamFsm, RedialsWithBackoffAndStopsWhileTheBreakerIsOpen) {
  UpstreamWorld world;
  world.reachable = false;
  world.boot();
  world.run(seconds(50), std::chrono::milliseconds(100));
  EXPECT_EQ(world.dials, 5U);
  EXPECT_EQ(world.status().breaker, "open");
  EXPECT_GT(world.status().next_retry, world.clock.unix_now());
  world.run(minutes(20), seconds(1));
  EXPECT_GT(world.dials, 5U);
  EXPECT_LT(world.dials, 30U);
  world.reachable = true;
  fill(world, 10, 1'690'000'000, 1'699'000'000);
  world.run(minutes(6), seconds(1));
  EXPECT_EQ(world.status().breaker, "closed");
  EXPECT_EQ(world.status().retries, 0U);
  EXPECT_THAT(world.missing(), IsEmpty());
}

TEST(UpstreamFsm, AConnectionWithoutAnAnswerIsNoProgress) {
  UpstreamWorld world;
  world.relay.script.silent = true;
  world.boot();
  world.run(minutes(30), seconds(1));
  EXPECT_GE(world.status().retries + (world.status().breaker == "closed" ? 0U : 1U), 1U);
  EXPECT_LT(world.dials, 25U);
}

TEST(UpstreamFsm, AnswersAuthAndAsksAgain) {
  UpstreamWorld world;
  world.relay.script.requires_auth = true;
  fill(world, 1'000, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.run(seconds(5));
  ASSERT_THAT(world.auths, SizeIs(1));
  EXPECT_EQ(world.auths[0].kind, 22242);
  EXPECT_EQ(world.auths[0].tags.first("relay"), "ws://127.0.0.1:7777/");
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_EQ(world.fsm->state(), UpstreamState::live);
}

TEST(UpstreamFsm, WithoutPermissionItDoesNotAuthenticateAndClaimsNothing) {
  UpstreamWorld world;
  world.setup.upstream.auth = false;
  world.relay.script.requires_auth = true;
  fill(world, 100, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.run(minutes(10), seconds(1));
  EXPECT_THAT(world.auths, IsEmpty());
  EXPECT_TRUE(world.ledger().entries().empty());
  EXPECT_LT(world.relay.asked().size(), 30U);
}

TEST(UpstreamFsm, ARefusedAuthIsTold) {
  UpstreamWorld world;
  world.relay.script.requires_auth = true;
  world.relay.script.refuses_auth = true;
  world.boot();
  world.run(seconds(5));
  EXPECT_THAT(world.status().last_error, ::testing::HasSubstr("AUTH refused"));
  EXPECT_THAT(trouble(world.status()), ::testing::HasSubstr("AUTH refused"));
  world.run(minutes(10), seconds(1));
  EXPECT_NE(trouble(world.status()), "") << "nothing it is asked for is given";
}

TEST(UpstreamFsm, ARefusalIsNoTroubleAnyMoreOnceWhatWasAskedIsGiven) {
  UpstreamWorld world;
  world.boot();
  world.run(seconds(5));
  const std::string live = world.relay.asked()[0].subscription;
  world.relay.on_close(live);
  world.act([&](Actions& out) { world.fsm->on_message(ClosedReply{live, "rate-limited: slow down"}, out); });
  EXPECT_EQ(trouble(world.status()), "rate-limited: slow down");
  EXPECT_THAT(status_json({world.status()}), ::testing::HasSubstr(R"("trouble":"rate-limited: slow down")"));
  world.logged.clear();
  world.run(minutes(1));
  ASSERT_EQ(world.fsm->state(), UpstreamState::live);
  EXPECT_EQ(world.status().last_event, 0) << "a quiet relay";
  EXPECT_EQ(trouble(world.status()), "");
  EXPECT_EQ(world.status().last_error, "rate-limited: slow down") << "to be looked up";
  EXPECT_EQ(std::ranges::count(world.logged, "upstream works again"), 1);
}

TEST(UpstreamFsm, AnErrorIsToldWithItsTimeAndCannotReachIntoATerminal) {
  UpstreamWorld world;
  world.boot();
  world.run(seconds(5));
  EXPECT_EQ(world.status().last_error_at, 0);
  const std::string live = world.relay.asked()[0].subscription;
  world.act([&](Actions& out) {
    world.fsm->on_message(ClosedReply{live, "error: \x1b]0;owned\x07" + std::string(300, 'x')}, out);
  });
  const UnixSeconds then = world.clock.unix_now();
  EXPECT_THAT(world.status().last_error, ::testing::StartsWith("error:  ]0;owned xxx"));
  EXPECT_THAT(world.status().last_error, SizeIs(200));
  world.run(minutes(1));
  EXPECT_EQ(world.status().last_error_at, then);
  EXPECT_THAT(status_json({world.status()}), ::testing::HasSubstr("\"last_error_at\":" + std::to_string(then)));
}

TEST(UpstreamFsm, SaysNothingOfWorkingAgainForAPageThatWasRefused) {
  UpstreamWorld world;
  fill(world, 2'000, 1'690'000'000, 1'699'000'000);
  world.boot();
  while (world.deliver()) {
    const auto& asked = world.relay.asked();
    if (asked.size() > 2 && trouble(world.status()).empty()) break;
  }
  const std::string page = world.relay.asked().back().subscription;
  world.relay.on_close(page);
  world.act([&](Actions& out) { world.fsm->on_message(ClosedReply{page, "rate-limited: slow down"}, out); });
  ASSERT_EQ(trouble(world.status()), "rate-limited: slow down");
  world.run(minutes(5));
  EXPECT_EQ(trouble(world.status()), "");
  EXPECT_EQ(std::ranges::count(world.logged, "upstream works again"), 0);
}

TEST(UpstreamFsm, LogsOnceThatItWorksAgainAfterAnOutage) {
  UpstreamWorld world;
  world.boot();
  world.run(minutes(1));
  EXPECT_EQ(std::ranges::count(world.logged, "upstream works again"), 0) << "it always did";
  world.reachable = false;
  world.relay.disconnect();
  world.act([&](Actions& out) { world.fsm->on_closed("gone", out); });
  world.run(minutes(5));
  EXPECT_EQ(std::ranges::count(world.logged, "upstream works again"), 0);
  world.reachable = true;
  world.run(minutes(10));
  ASSERT_EQ(world.fsm->state(), UpstreamState::live);
  EXPECT_EQ(std::ranges::count(world.logged, "upstream works again"), 1);
}

TEST(UpstreamFsm, FallsBackToSinceWhereLimitZeroIsRefused) {
  UpstreamWorld world;
  world.relay.script.refuses_limit_zero = true;
  fill(world, 100, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.run(seconds(20));
  EXPECT_EQ(world.fsm->state(), UpstreamState::live);
  EXPECT_THAT(world.missing(), IsEmpty());
  world.relay.store(note(world.random, world.clock.unix_now()));
  world.settle();
  EXPECT_THAT(world.missing(), IsEmpty());
}

TEST(UpstreamFsm, TakesTheDumpOfARelayThatMisreadsLimitZero) {
  UpstreamWorld world;
  world.relay.script.dumps_on_limit_zero = true;
  fill(world, 1'000, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.run(seconds(10));
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_THAT(world.missing_in_complete(), IsEmpty());
}

TEST(UpstreamFsm, GoesOnOneByOneAtARelayThatLimitsSubscriptions) {
  UpstreamWorld world;
  world.relay.script.max_requests = 2;
  fill(world, 3'000, 1'690'000'000, 1'699'999'000);
  world.boot();
  world.run(minutes(3));
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_GT(share(world), 0.99);
}

TEST(UpstreamFsm, AClosedLiveSubscriptionIsOpenedAgainAndTheGapIsCaughtUp) {
  UpstreamWorld world;
  fill(world, 100, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.run(seconds(10));
  const std::string live = world.relay.asked()[0].subscription;
  world.relay.on_close(live);
  world.act([&](Actions& out) { world.fsm->on_message(ClosedReply{live, "error: shutting down"}, out); });
  world.relay.store(note(world.random, world.clock.unix_now()));
  EXPECT_THAT(world.missing(), SizeIs(1));
  world.run(seconds(60));
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_EQ(world.dials, 1U);
}

TEST(UpstreamFsm, ARunDoesNotOutliveTheLiveSubscriptionItRestsOn) {
  UpstreamWorld world;
  world.setup.link.backoff.first = std::chrono::milliseconds(100);
  fill(world, 100, 1'699'999'700, 1'699'999'990);
  world.boot();
  world.deliver();
  const auto tell = [&world](RelayMessage message) {
    world.act([&](Actions& out) { world.fsm->on_message(std::move(message), out); });
  };
  // A page is answered, but the answer is slow to come.
  std::vector<RelayMessage> slow;
  while (auto message = world.relay.next()) slow.push_back(std::move(*message));
  const std::string live = world.relay.asked()[0].subscription;
  world.relay.on_close(live);
  tell(ClosedReply{live, "rate-limited: no more"});
  // Arrives while nobody listens; the answer under way does not hold it.
  world.relay.store(note(world.random, 1'699'999'995));
  world.advance(seconds(1));
  world.deliver();
  for (RelayMessage& message : slow) tell(std::move(message));
  world.run(minutes(20), seconds(1));
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_THAT(world.missing_in_complete(), IsEmpty());
}

TEST(UpstreamFsm, ClaimsNothingWhereAnswersHoldWhatWasNotAskedFor) {
  UpstreamWorld world;
  world.setup.upstream.filters[0].kinds = std::vector<Kind>{7};
  for (int i = 0; i < 50; ++i) world.relay.store(note(world.random, 1'690'000'000 + i, 7));
  fill(world, 2'000, 1'695'000'000, 1'699'000'000);
  world.relay.script.ignores_kinds = true;
  world.boot();
  world.run(seconds(10));
  EXPECT_THAT(world.missing_in_complete(), IsEmpty());
  EXPECT_EQ(share(world), 0.0);
  EXPECT_GT(world.status().non_conforming, 0U);
}

TEST(UpstreamFsm, PausesReadingWhileTooManyEventsAreUndecided) {
  UpstreamWorld world;
  world.setup.max_in_flight = 100;
  fill(world, 2'000, 1'690'000'000, 1'699'000'000);
  world.boot();
  while (world.deliver()) {
  }
  EXPECT_FALSE(world.reading);
  EXPECT_EQ(world.most_undecided, 100U);
  world.advance(minutes(2));
  world.run(seconds(5));
  EXPECT_TRUE(world.reading);
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_EQ(world.status().pages_failed, 0U);
}

TEST(UpstreamFsm, SavesWhatItKnowsWhenTheConnectionEndsWhileItIsPaused) {
  UpstreamWorld world;
  world.setup.max_in_flight = 700;
  world.setup.catchup.page_limit = 300;
  fill(world, 2'000, 1'690'000'000, 1'699'000'000);
  world.boot();
  while (world.deliver()) {
  }
  ASSERT_FALSE(world.reading);
  world.reachable = false;
  world.relay.disconnect();
  world.act([&](Actions& out) { world.fsm->on_closed("gone", out); });
  world.run(seconds(2));
  EXPECT_FALSE(world.ledger().entries().empty());
  EXPECT_THAT(world.missing_in_complete(), IsEmpty());
}

TEST(UpstreamFsm, DropsAndCountsWhatWasNotAskedFor) {
  UpstreamWorld world;
  world.setup.upstream.filters[0].kinds = std::vector<Kind>{7};
  world.boot();
  world.run(seconds(2));
  Event foreign = note(world.random, 1'699'000'000, 1);
  world.act([&](Actions& out) {
    world.fsm->on_message(EventReply{world.relay.asked()[0].subscription, foreign}, out);
    world.fsm->on_message(EventReply{"never-asked", foreign}, out);
  });
  world.settle();
  EXPECT_THAT(world.held, IsEmpty());
  EXPECT_EQ(world.status().non_conforming, 2U);
}

TEST(UpstreamFsm, CountsUnparsableEventsByReason) {
  UpstreamWorld world;
  world.boot();
  world.run(seconds(2));
  world.act([&](Actions& out) { world.fsm->on_bad_message({"bad", EventParseError::bad_sig}, out); });
  EXPECT_EQ(world.status().invalid, 1U);
  EXPECT_THAT(world.status().invalid_reasons,
              ::testing::ElementsAre(std::pair<std::string, std::uint64_t>("bad_sig", 1)));
}

TEST(UpstreamFsm, ReReadsTheLastDayForLateArrivals) {
  UpstreamWorld world;
  world.setup.catchup.rechecks = {{std::chrono::hours(24), std::chrono::hours(1)}};
  fill(world, 300, 1'699'000'000, 1'699'999'000);
  world.boot();
  world.run(seconds(10));
  world.relay.disconnect();
  world.act([&](Actions& out) { world.fsm->on_closed("gone", out); });
  const Event late = note(world.random, world.clock.unix_now() - 20'000);
  world.relay.store(late);
  world.run(minutes(5), seconds(1));
  EXPECT_THAT(world.missing(), SizeIs(1));
  world.run(minutes(60), seconds(1));
  EXPECT_THAT(world.missing(), IsEmpty());
}

TEST(UpstreamFsm, AnEmptyBrokenRelayTakesNothingBackAndProvesNothing) {
  UpstreamWorld world;
  fill(world, 300, 1'699'000'000, 1'699'999'000);
  world.boot();
  world.run(seconds(10));
  const UnixSeconds covered = world.ledger().entries()[0].range.to;
  world.crash();
  world.relay.script.serves_nothing = true;
  world.run(seconds(30));
  EXPECT_EQ(world.ledger().entries()[0].range.to, covered);
  EXPECT_EQ(world.ledger().entries()[0].state, Coverage::complete);
}

TEST(UpstreamFsm, KeepsOneLedgerPerFilter) {
  UpstreamWorld world;
  Filter notes;
  notes.kinds = std::vector<Kind>{1};
  Filter reactions;
  reactions.kinds = std::vector<Kind>{7};
  reactions.since = 1'695'000'000;
  world.setup.upstream.filters = {notes, reactions};
  fill(world, 700, 1'690'000'000, 1'699'000'000);
  for (int i = 0; i < 700; ++i) world.relay.store(note(world.random, 1'694'000'000 + i * 5'000, 7));
  world.boot();
  world.run(seconds(20));
  EXPECT_THAT(world.missing(), IsEmpty());
  ASSERT_EQ(world.ledgers.size(), 2U);
  EXPECT_EQ(world.ledger(1).entries()[0].range.from, 1'695'000'000);
  EXPECT_EQ(world.relay.open_subscriptions(), 1U);
}

TEST(UpstreamFsm, AWallClockThatLeapsAheadClaimsNoTimeThatWasNotLived) {
  UpstreamWorld world;
  fill(world, 30, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.run(seconds(10));
  const UnixSeconds real = world.clock.unix_now();
  world.clock.set_unix(real + 86'400);
  world.run(minutes(2), seconds(1));
  for (const LedgerEntry& entry : world.ledger().entries()) {
    if (entry.state == Coverage::complete) {
      EXPECT_LE(entry.range.to, real);
    }
  }
}

TEST(UpstreamFsm, AClockThatWasAheadLeavesNoHole) {
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    UpstreamWorld world;
    const UnixSeconds real = world.clock.unix_now();
    fill(world, 30, 1'690'000'000, 1'699'000'000);
    world.clock.set_unix(real + 86'400);
    world.boot();
    world.run(minutes(15), seconds(1));
    ASSERT_GT(world.ledger().entries().back().range.to, real + 80'000);
    world.clock.set_unix(real + 900);
    if (restarted) {
      world.crash();
    } else {
      world.run(seconds(20));
    }
    // Nobody listens while these come.
    world.reachable = false;
    world.relay.disconnect();
    if (world.fsm->connected()) world.act([&](Actions& out) { world.fsm->on_closed("gone", out); });
    world.run(minutes(1), seconds(1));
    fill(world, 20, world.clock.unix_now() - 30, world.clock.unix_now());
    world.reachable = true;
    world.run(minutes(30), seconds(1));
    EXPECT_THAT(world.missing(), IsEmpty());
    EXPECT_THAT(world.missing_in_complete(), IsEmpty());
    for (const LedgerEntry& entry : world.ledger().entries()) EXPECT_LE(entry.range.to, world.clock.unix_now());
  }
}

TEST(UpstreamFsm, ARelayThatAnswersAndHangsUpIsDialedEverMoreSlowly) {
  UpstreamWorld world;
  world.relay.script.drops_after_eose = true;
  world.boot();
  world.run(minutes(30), seconds(1));
  EXPECT_LT(world.dials, 40U);
  world.relay.script.drops_after_eose = false;
  world.run(minutes(10), seconds(1));
  EXPECT_EQ(world.status().retries, 0U);
  EXPECT_EQ(world.status().breaker, "closed");
}

TEST(UpstreamFsm, StepsAroundAnEventThatIsTooLarge) {
  UpstreamWorld world;
  fill(world, 2'000, 1'690'000'000, 1'699'000'000);
  const Event large = note(world.random, 1'697'123'456);
  world.relay.store(large);
  world.relay.script.too_large.insert(large.id);
  world.boot();
  world.run(minutes(60), seconds(1));
  EXPECT_THAT(world.missing(), ::testing::ElementsAre(large.id));
  EXPECT_THAT(world.missing_in_complete(), IsEmpty());
  EXPECT_GT(share(world), 0.99);
  EXPECT_EQ(world.status().ledgers[0].summary.partial, 1U);
  EXPECT_LT(world.dials, 12U);
}

TEST(UpstreamFsm, FallsBackToSinceWhereLimitZeroIsNotAnswered) {
  UpstreamWorld world;
  world.relay.script.ignores_limit_zero = true;
  fill(world, 100, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.run(minutes(2), seconds(1));
  EXPECT_EQ(world.dials, 1U);
  EXPECT_EQ(world.fsm->state(), UpstreamState::live);
  EXPECT_THAT(world.missing(), IsEmpty());
}

TEST(UpstreamFsm, AsksFilterByFilterWhereManyAreRefused) {
  UpstreamWorld world;
  world.relay.script.max_filters = 1;
  world.setup.upstream.filters.resize(3);
  for (std::size_t i = 0; i < 3; ++i)
    world.setup.upstream.filters[i].kinds = std::vector<Kind>{static_cast<Kind>(i + 1)};
  fill(world, 100, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.run(minutes(2), seconds(1));
  EXPECT_EQ(world.fsm->state(), UpstreamState::live);
  EXPECT_EQ(world.relay.open_subscriptions(), 3U);
  world.relay.store(note(world.random, world.clock.unix_now(), 3));
  world.settle();
  EXPECT_THAT(world.missing(), IsEmpty());
}

TEST(UpstreamFsm, TellsWhatWasLeftUnanswered) {
  UpstreamWorld world;
  fill(world, 100, 1'690'000'000, 1'699'000'000);
  world.boot();
  world.deliver();
  world.relay.script.silent = true;
  world.advance(seconds(31));
  world.advance(seconds(1));
  EXPECT_THAT(world.status().last_error, ::testing::HasSubstr("no answer to a page"));
}

TEST(UpstreamFsm, GivesUpAPageThatDoesNotEnd) {
  UpstreamWorld world;
  world.boot();
  world.deliver();
  const std::string page = world.relay.asked().back().subscription;
  const auto tell = [&world](RelayMessage message) {
    world.act([&](Actions& out) { world.fsm->on_message(std::move(message), out); });
  };
  for (UnixSeconds i = 0; i < 5'001; ++i) tell(EventReply{page, note(world.random, 1'699'000'000 - i)});
  EXPECT_EQ(world.status().pages_failed, 1U);
  world.crash();
  world.deliver();
  const std::string slow = world.relay.asked().back().subscription;
  for (UnixSeconds i = 0; i < 41; ++i) {
    world.advance(seconds(15));
    tell(EventReply{slow, note(world.random, 1'699'000'000 - i)});
  }
  EXPECT_EQ(world.status().pages_failed, 1U);
}

TEST(UpstreamFsm, EventsOfTheFutureAreAskedForFromTheStart) {
  UpstreamWorld world;
  const Event ahead = note(world.random, world.clock.unix_now() + 7'200);
  world.relay.store(ahead);
  world.boot();
  world.run(seconds(5));
  EXPECT_TRUE(world.held.contains(ahead.id));
}

TEST(UpstreamFsm, AnEventRefusedAsTooFarAheadIsFetchedInItsTime) {
  UpstreamWorld world;
  world.setup.catchup.rechecks.clear();
  fill(world, 20, 1'690'000'000, 1'699'000'000);
  const Event ahead = note(world.random, world.clock.unix_now() + 3'600);
  world.relay.store(ahead);
  world.early.insert(ahead.id);
  world.boot();
  world.run(minutes(30), seconds(1));
  EXPECT_FALSE(world.held.contains(ahead.id));
  world.early.clear();
  world.run(minutes(50), seconds(1));
  EXPECT_THAT(world.missing(), IsEmpty());
  EXPECT_THAT(world.missing_in_complete(), IsEmpty());
}

TEST(UpstreamFsm, DrainsBoundedInTimeAndSavesWhatItKnows) {
  UpstreamWorld world;
  fill(world, 2'000, 1'690'000'000, 1'699'000'000);
  world.boot();
  for (int i = 0; i < 1'500; ++i) world.deliver();
  world.act([&](Actions& out) { world.fsm->drain(out); });
  EXPECT_EQ(world.fsm->state(), UpstreamState::draining);
  while (world.commit()) {
  }
  world.advance(seconds(1));
  while (world.commit()) {
  }
  world.advance(seconds(1));
  EXPECT_TRUE(world.fsm->stopped());
  EXPECT_FALSE(world.ledger().entries().empty());
  EXPECT_THAT(world.missing_in_complete(), IsEmpty());
}

TEST(UpstreamFsm, DrainDoesNotWaitForever) {
  UpstreamWorld world;
  fill(world, 100, 1'690'000'000, 1'699'000'000);
  world.boot();
  for (int i = 0; i < 50; ++i) world.deliver();
  world.act([&](Actions& out) { world.fsm->drain(out); });
  world.advance(seconds(4));
  EXPECT_FALSE(world.fsm->stopped());
  world.advance(seconds(2));
  EXPECT_TRUE(world.fsm->stopped());
}

}  // namespace
}  // namespace pharos::router::test
