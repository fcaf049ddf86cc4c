// The statement the ledger makes, against random event sets, random conforming relays, and crashes of either side at
// random moments: every event of a complete interval is in the store, and in the end everything is.

#include <gmock/gmock.h>

#include "upstream_world.h"

namespace pharos::router::test {
namespace {

using ::testing::IsEmpty;

// Conforming, within what relays differ in.
void randomize(UpstreamWorld& world, Random& random) {
  auto& script = world.relay.script;
  script.max_limit = 3 + random.below(60);
  script.finish_hint = random.below(4) == 0;
  script.refuses_limit_zero = random.below(8) == 0;
  script.dumps_on_limit_zero = random.below(8) == 0;
  script.requires_auth = random.below(6) == 0;
  if (random.below(4) == 0) script.max_requests = 2 + random.below(3);
  world.setup.catchup.page_limit = 5 + random.below(60);
  world.setup.catchup.max_page_limit = world.setup.catchup.page_limit * (1 + random.below(3));
  world.setup.catchup.parallel_requests = 1 + random.below(4);
  world.setup.catchup.max_ledger_entries = random.below(3) == 0 ? 8 : 512;
  world.setup.max_in_flight = 4 + random.below(200);
}

class Completeness : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Completeness, HoldsThroughCrashesOnBothSides) {
  for (std::uint64_t seed = GetParam() * 8; seed < GetParam() * 8 + 8; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    UpstreamWorld world(seed + 1'000'000);
    randomize(world, random);
    const UnixSeconds now = world.clock.unix_now();
    // Dense and sparse: many seconds hold several events.
    const std::uint64_t span = std::uint64_t{1} << (8 + random.below(16));
    const std::size_t events = 20 + random.below(400);
    for (std::size_t i = 0; i < events; ++i) {
      const auto back = static_cast<UnixSeconds>(random.below(span));
      world.relay.store(note(world.random, now - 700 - back, static_cast<Kind>(random.below(3))));
    }
    if (random.below(2) == 0) world.setup.upstream.filters = {Filter{}, Filter{}};
    if (world.setup.upstream.filters.size() == 2) {
      world.setup.upstream.filters[0].kinds = std::vector<Kind>{0, 1};
      world.setup.upstream.filters[1].kinds = std::vector<Kind>{2};
    }
    world.boot();
    std::size_t crashes = 1 + random.below(6);
    for (int step = 0; step < 6'000 && crashes > 0; ++step) {
      switch (random.below(16)) {
        case 0:
          world.advance(std::chrono::milliseconds(random.below(700)));
          break;
        case 1:
          world.relay.store(note(world.random, world.clock.unix_now() - static_cast<UnixSeconds>(random.below(5)),
                                 static_cast<Kind>(random.below(3))));
          break;
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
          world.commit();
          break;
        case 7:
          if (random.below(60) == 0) {
            // The relay goes.
            world.relay.disconnect();
            if (world.fsm->connected()) world.act([&](Actions& out) { world.fsm->on_closed("gone", out); });
            --crashes;
          } else if (random.below(60) == 0) {
            world.crash();
            --crashes;
          } else if (random.below(100) == 0) {
            world.lose = 1 + random.below(5);
          } else if (random.below(100) == 0) {
            world.fail_writes = 1;
          }
          break;
        default:
          world.deliver();
      }
      if (step % 64 == 0) {
        ASSERT_THAT(world.missing_in_complete(), IsEmpty());
      }
    }
    world.lose = 0;
    world.run(std::chrono::minutes(40), std::chrono::seconds(1));
    ASSERT_THAT(world.missing_in_complete(), IsEmpty());
    // A ledger that is too small has joined what it could not keep apart and asks for it again, but late.
    if (world.setup.catchup.max_ledger_entries <= 8) continue;
    // What the relay keeps beyond the cap in one second cannot be read by anybody; all else is here.
    const std::size_t cap = std::min(world.relay.script.max_limit, world.setup.catchup.max_page_limit);
    std::map<UnixSeconds, std::size_t> missing;
    for (const EventId& id : world.missing()) ++missing[world.relay.find(id)->created_at];
    for (const auto& [second, count] : missing) {
      Filter filter;
      filter.since = second;
      filter.until = second;
      EXPECT_GT(world.relay.ids(filter).size(), cap) << second;
    }
    for (const auto& [filter, value] : world.ledgers) {
      for (const LedgerEntry& entry : world.ledger(filter).entries()) {
        EXPECT_NE(entry.state, Coverage::suspect);
        EXPECT_NE(entry.state, Coverage::failed);
      }
    }
    EXPECT_LE(world.most_undecided, world.setup.max_in_flight + 1);
    if (::testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Completeness, ::testing::Range<std::uint64_t>(0, 8));

// Whatever a relay does, a ledger entry is not complete unless its events are here, for the lies that can be seen.
TEST(CompletenessOfLiars, NothingIsClaimedFromAVisibleLie) {
  using Script = pharos::test::RelayScript;
  for (bool Script::*lie : {&Script::ignores_until, &Script::ignores_since, &Script::exclusive_until,
                            &Script::oldest_first, &Script::unordered, &Script::repeats_events,
                            &Script::sends_foreign_events, &Script::silent, &Script::serves_nothing}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      SCOPED_TRACE(seed);
      UpstreamWorld world(seed);
      world.setup.upstream.filters[0].since = 1'600'000'000;
      world.relay.script.max_limit = 50;
      for (int i = 0; i < 300; ++i)
        world.relay.store(
            note(world.random, 1'550'000'000 + static_cast<UnixSeconds>(world.random.below(149'000'000))));
      // It was honest once, so the router knows that there is something.
      world.boot();
      for (int i = 0; i < 120; ++i) world.deliver();
      world.run(std::chrono::seconds(1));
      world.relay.script.*lie = true;
      world.crash();
      world.run(std::chrono::seconds(30));
      EXPECT_THAT(world.missing_in_complete(), IsEmpty());
    }
  }
}

TEST(CompletenessOfLiars, DroppingTheConnectionAtAnyMessageOnlyDelays) {
  for (std::size_t drop = 1; drop < 400; drop += 7) {
    SCOPED_TRACE(drop);
    UpstreamWorld world(drop);
    world.relay.script.max_limit = 20;
    for (int i = 0; i < 300; ++i)
      world.relay.store(note(world.random, 1'690'000'000 + static_cast<UnixSeconds>(world.random.below(9'000'000))));
    world.relay.script.drops_after = drop;
    world.boot();
    world.run(std::chrono::minutes(3), std::chrono::seconds(1));
    EXPECT_THAT(world.missing_in_complete(), IsEmpty());
    world.relay.script.drops_after.reset();
    world.run(std::chrono::minutes(70), std::chrono::seconds(1));
    EXPECT_THAT(world.missing(), IsEmpty());
  }
}

}  // namespace
}  // namespace pharos::router::test
