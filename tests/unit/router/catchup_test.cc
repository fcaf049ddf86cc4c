#include "router/catchup.h"

#include <set>

#include <gmock/gmock.h>

#include "upstream_world.h"

namespace pharos::router::test {
namespace {

// Drives one run against a relay directly: what it received, and what it claims.
class CatchupTest : public ::testing::Test {
 protected:
  void fill(std::size_t events, UnixSeconds from, UnixSeconds to, Kind kind = 1) {
    for (std::size_t i = 0; i < events; ++i)
      relay.store(
          note(random, from + static_cast<UnixSeconds>(random.below(static_cast<std::uint64_t>(to - from + 1))), kind));
  }
  void run(const std::vector<Interval>& gaps, const Filter& base = {}, bool served_before = false) {
    relay.connect();
    Catchup catchup(base, gaps, served_before, options);
    std::uint64_t subscription = 0;
    requests = 0;
    while (!catchup.finished() && requests < 5'000) {
      auto request = catchup.next();
      if (!request) break;
      ++requests;
      const std::string id = std::to_string(++subscription);
      relay.on_req(id, {request->filter});
      const Filter asked = without_window(request->filter);
      bool answered = false;
      while (auto message = relay.next()) {
        if (auto* event = std::get_if<EventReply>(&*message)) {
          if (matches(asked, event->event)) {
            received.insert(event->event.id);
            catchup.on_event(request->walk, event->event, kMaxCreatedAt);
          } else {
            catchup.on_foreign(request->walk);
          }
        } else if (auto* eose = std::get_if<EoseReply>(&*message)) {
          catchup.on_eose(request->walk, eose->finish);
          answered = true;
        } else if (std::holds_alternative<ClosedReply>(*message)) {
          catchup.fail(request->walk);
          answered = true;
        }
        if (on_message) on_message();
      }
      if (!answered) catchup.fail(request->walk);
      relay.on_close(id);
      for (const Claim& claim : catchup.take_claims())
        ledger.mark(claim.range, claim.state, {Method::pages, 1, claim.events, 0, 0});
    }
    fault = catchup.fault();
  }
  bool whole(Interval range) const {
    return ledger.entries().size() == 1 && ledger.entries()[0].state == Coverage::complete &&
           ledger.entries()[0].range == range;
  }
  std::vector<Interval> of(Coverage state) const {
    std::vector<Interval> out;
    for (const LedgerEntry& entry : ledger.entries()) {
      if (entry.state == state) out.push_back(entry.range);
    }
    return out;
  }

  SeededRandom random{11};
  pharos::test::ScriptedRelay relay;
  CatchupOptions options;
  Ledger ledger;
  std::set<EventId> received;
  std::size_t requests = 0;
  std::string fault;
  std::function<void()> on_message;
};
using CatchingUp = CatchupTest;

constexpr Interval kAll{0, 1'700'000'900};

TEST_F(CatchingUp, ReadsEverythingPageByPageAndClaimsTheWholeRange) {
  fill(5'000, 1'690'000'000, 1'699'999'999);
  run({kAll});
  EXPECT_EQ(received.size(), relay.size());
  EXPECT_TRUE(whole(kAll));
  EXPECT_LT(requests, 60U);
}

TEST_F(CatchingUp, NeedsNoLimitToHoldWhatItAsksFor) {
  relay.script.max_limit = 37;
  fill(1'000, 1'699'000'000, 1'699'999'999);
  run({kAll});
  EXPECT_EQ(received.size(), relay.size());
  EXPECT_TRUE(whole(kAll));
}

TEST_F(CatchingUp, EndsAHugeEmptyRangeAfterOneQuestion) {
  run({kAll});
  EXPECT_TRUE(whole(kAll));
  EXPECT_EQ(requests, 1U);
}

TEST_F(CatchingUp, DoesNotBelieveAnEmptyAnswerOfARelayThatOnceServed) {
  relay.script.serves_nothing = true;
  run({kAll}, {}, true);
  EXPECT_THAT(of(Coverage::complete), ::testing::IsEmpty());
  EXPECT_THAT(of(Coverage::failed), ::testing::ElementsAre(kAll));
}

TEST_F(CatchingUp, BelievesAnEmptyAnswerOnceTheRelayShowsThatItStillServes) {
  fill(10, 1'600'000'000, 1'600'000'100);
  run({{1'650'000'000, 1'699'000'000}}, {}, true);
  EXPECT_TRUE(whole({1'650'000'000, 1'699'000'000}));
  EXPECT_EQ(requests, 2U);
}

TEST_F(CatchingUp, ClaimsNothingFromARelayThatIgnoresUntil) {
  fill(2'000, 1'699'000'000, 1'699'999'999);
  relay.script.ignores_until = true;
  run({{1'699'000'000, 1'699'500'000}});
  EXPECT_THAT(of(Coverage::complete), ::testing::IsEmpty());
  EXPECT_THAT(of(Coverage::suspect), ::testing::SizeIs(1));
}

TEST_F(CatchingUp, ClaimsNothingFromARelayWithAnExclusiveUntil) {
  fill(2'000, 1'699'000'000, 1'699'100'000);
  relay.script.exclusive_until = true;
  run({kAll});
  EXPECT_THAT(of(Coverage::complete), ::testing::IsEmpty());
  EXPECT_THAT(of(Coverage::suspect), ::testing::ElementsAre(kAll));
}

TEST_F(CatchingUp, ClaimsNothingFromARelayThatIgnoresSince) {
  fill(100, 1'600'000'000, 1'699'999'999);
  relay.script.ignores_since = true;
  run({{1'650'000'000, 1'700'000'000}});
  EXPECT_THAT(of(Coverage::complete), ::testing::IsEmpty());
}

TEST_F(CatchingUp, ClaimsNothingFromOldestFirstUnorderedOrRepeatedAnswers) {
  fill(1'200, 1'699'000'000, 1'699'999'999);
  for (bool pharos::test::RelayScript::*fault_kind :
       {&pharos::test::RelayScript::oldest_first, &pharos::test::RelayScript::unordered,
        &pharos::test::RelayScript::repeats_events, &pharos::test::RelayScript::sends_foreign_events}) {
    relay.script = {};
    relay.script.*fault_kind = true;
    ledger = Ledger();
    run({kAll});
    EXPECT_THAT(of(Coverage::complete), ::testing::IsEmpty());
    EXPECT_THAT(of(Coverage::suspect), ::testing::ElementsAre(kAll));
    EXPECT_NE(fault, "");
  }
}

TEST_F(CatchingUp, ClaimsNothingFromAnswersThatIgnoreTheKinds) {
  fill(2'000, 1'699'500'000, 1'699'999'999, 1);
  fill(50, 1'699'000'000, 1'699'400'000, 7);
  relay.script.ignores_kinds = true;
  Filter reactions;
  reactions.kinds = std::vector<Kind>{7};
  run({kAll}, reactions);
  EXPECT_THAT(of(Coverage::complete), ::testing::IsEmpty());
}

TEST_F(CatchingUp, ClaimsOnlyWhatWasProvenBeforeTheRelayGaveUp) {
  fill(3'000, 1'699'000'000, 1'699'999'999);
  std::size_t seen = 0;
  on_message = [&] {
    if (++seen == 1'200) relay.script.closes_after = 10;
  };
  run({kAll});
  ASSERT_FALSE(of(Coverage::complete).empty());
  ASSERT_FALSE(of(Coverage::failed).empty());
  for (const Interval& range : of(Coverage::complete)) {
    Filter window;
    window.since = range.from;
    window.until = range.to;
    for (const EventId& id : relay.ids(window)) EXPECT_TRUE(received.contains(id));
  }
}

TEST_F(CatchingUp, SilenceIsAFailure) {
  relay.script.silent = true;
  run({kAll});
  EXPECT_THAT(of(Coverage::failed), ::testing::ElementsAre(kAll));
}

TEST_F(CatchingUp, ASecondThatExactlyFillsAPageIsSettledByALargerQuestion) {
  relay.script.max_limit = 5'000;
  fill(600, 1'699'000'000, 1'699'000'000);
  fill(700, 1'698'000'000, 1'698'900'000);
  run({kAll});
  EXPECT_EQ(received.size(), relay.size());
  EXPECT_TRUE(whole(kAll));
}

TEST_F(CatchingUp, ASecondBeyondTheCapIsSplitByTheKindsOfTheFilter) {
  relay.script.max_limit = 100;
  fill(80, 1'699'000'000, 1'699'000'000, 1);
  fill(80, 1'699'000'000, 1'699'000'000, 6);
  fill(80, 1'699'000'000, 1'699'000'000, 7);
  fill(300, 1'690'000'000, 1'698'999'999, 1);
  Filter base;
  base.kinds = std::vector<Kind>{1, 6, 7};
  run({kAll}, base);
  EXPECT_EQ(received.size(), relay.size());
  EXPECT_TRUE(whole(kAll));
}

TEST_F(CatchingUp, ASecondBeyondTheCapIsSplitByTheAuthorsOfTheFilter) {
  relay.script.max_limit = 50;
  Filter base;
  base.authors = std::vector<PublicKey>{};
  for (int i = 0; i < 120; ++i) {
    relay.store(note(random, 1'699'000'000));
    relay.store(note(random, 1'698'000'000 + i));
  }
  for (const EventId& id : relay.ids({})) base.authors->push_back(relay.find(id)->pubkey);
  std::sort(base.authors->begin(), base.authors->end());
  options.max_dense_requests = 256;
  run({kAll}, base);
  EXPECT_EQ(received.size(), relay.size());
  EXPECT_TRUE(whole(kAll));
}

TEST_F(CatchingUp, ASecondBeyondTheCapThatCannotBeSplitIsPartialAndNothingElseIs) {
  relay.script.max_limit = 100;
  fill(250, 1'699'000'000, 1'699'000'000);
  fill(500, 1'690'000'000, 1'698'999'999);
  fill(500, 1'699'000'001, 1'699'900'000);
  run({kAll});
  EXPECT_THAT(of(Coverage::partial), ::testing::ElementsAre(Interval{1'699'000'000, 1'699'000'000}));
  EXPECT_THAT(of(Coverage::complete),
              ::testing::ElementsAre(Interval{0, 1'698'999'999}, Interval{1'699'000'001, kAll.to}));
}

TEST_F(CatchingUp, NeighbouringSecondsBeyondTheCapAreEachPartial) {
  relay.script.max_limit = 20;
  for (UnixSeconds second = 1'699'000'000; second < 1'699'000'004; ++second) fill(30, second, second);
  run({kAll});
  EXPECT_THAT(of(Coverage::partial), ::testing::ElementsAre(Interval{1'699'000'000, 1'699'000'003}));
}

TEST_F(CatchingUp, AFullLastSecondAtTheBottomIsNotTakenForWhole) {
  relay.script.max_limit = 40;
  fill(100, 1'699'000'000, 1'699'000'000);
  run({{1'699'000'000, kAll.to}});
  EXPECT_THAT(of(Coverage::partial), ::testing::ElementsAre(Interval{1'699'000'000, 1'699'000'000}));
}

TEST_F(CatchingUp, ALargeAnswerOfLongAgoDoesNotVouchForACapThatHasShrunk) {
  fill(700, 1'699'500'000, 1'699'900'000);
  fill(60, 1'699'000'000, 1'699'000'000);
  fill(60, 1'698'000'000, 1'698'000'000);
  std::size_t seen = 0;
  on_message = [&] {
    if (++seen == 400) relay.script.max_limit = 50;
  };
  options.parallel_requests = 1;
  run({kAll});
  EXPECT_THAT(of(Coverage::partial),
              ::testing::ElementsAre(Interval{1'698'000'000, 1'698'000'000}, Interval{1'699'000'000, 1'699'000'000}));
}

TEST_F(CatchingUp, OneEventAloneIsWholeOnlyWhenTheRelayHasShownThatItGivesMore) {
  fill(1, 1'699'000'000, 1'699'000'000);
  run({kAll});
  EXPECT_THAT(of(Coverage::partial), ::testing::ElementsAre(Interval{1'699'000'000, 1'699'000'000}));
  fill(5, 1'500'000'000, 1'500'000'100);
  ledger = Ledger();
  run({{1'600'000'000, kAll.to}});
  EXPECT_TRUE(whole({1'600'000'000, kAll.to}));
}

TEST_F(CatchingUp, BelievesTheFinishOfNip67) {
  relay.script.finish_hint = true;
  fill(300, 1'699'000'000, 1'699'000'000);
  run({kAll});
  EXPECT_TRUE(whole(kAll));
  EXPECT_EQ(requests, 1U);
}

TEST_F(CatchingUp, EventsThatVanishBetweenPagesAreNoFault) {
  fill(1'500, 1'699'000'000, 1'699'100'000);
  std::size_t seen = 0;
  on_message = [&] {
    // The oldest event of the first page, which the second page should show again.
    if (++seen != 501) return;
    const auto ids = relay.ids({});
    relay.erase(ids[499]);
  };
  options.parallel_requests = 1;
  run({kAll});
  EXPECT_TRUE(whole(kAll)) << fault;
}

TEST_F(CatchingUp, ARelayWhoseAnswersDifferEachTimeIsSuspect) {
  fill(4'000, 1'699'000'000, 1'699'100'000);
  relay.script.loses_every_third = true;
  run({kAll});
  EXPECT_THAT(of(Coverage::complete), ::testing::IsEmpty());
}

TEST_F(CatchingUp, WalksALongRangeFromSeveralPlaces) {
  fill(3'000, 1'690'000'000, 1'699'999'999);
  relay.connect();
  Catchup catchup({}, {kAll}, false, options);
  const auto first = catchup.next();
  ASSERT_TRUE(first);
  EXPECT_FALSE(catchup.next());
  const auto ids = relay.ids(first->filter);
  for (std::size_t i = 0; i < 500; ++i) catchup.on_event(first->walk, *relay.find(ids[i]), kMaxCreatedAt);
  catchup.on_eose(first->walk, false);
  const auto second = catchup.next();
  const auto third = catchup.next();
  ASSERT_TRUE(second && third);
  EXPECT_EQ(second->filter.since, third->filter.until);
  catchup.slow_down();
  EXPECT_FALSE(catchup.next());
}

TEST_F(CatchingUp, UnreadableEventsLeaveAQuestionOpen) {
  Catchup catchup({}, {kAll}, false, options);
  const auto request = catchup.next();
  catchup.on_unreadable(request->walk);
  catchup.on_eose(request->walk, false);
  const auto claims = catchup.take_claims();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].state, Coverage::partial);
}

}  // namespace
}  // namespace pharos::router::test
