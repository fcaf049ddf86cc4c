#include "router/ledger.h"

#include <gmock/gmock.h>

#include "router/ledger_codec.h"
#include "util/random.h"

namespace pharos::router {
namespace {

using ::testing::ElementsAre;

Evidence at(UnixSeconds when, std::uint64_t events = 0) { return {Method::pages, when, events, 0, 0}; }

std::vector<Interval> ranges(const Ledger& ledger, Coverage state) {
  std::vector<Interval> out;
  for (const LedgerEntry& entry : ledger.entries()) {
    if (entry.state == state) out.push_back(entry.range);
  }
  return out;
}

TEST(Ledger, MergesNeighboursOfTheSameState) {
  Ledger ledger;
  ledger.mark({10, 19}, Coverage::complete, at(100, 5));
  ledger.mark({30, 39}, Coverage::complete, at(101, 6));
  ledger.mark({20, 29}, Coverage::complete, at(102, 7));
  ASSERT_EQ(ledger.entries().size(), 1U);
  EXPECT_EQ(ledger.entries()[0].range, (Interval{10, 39}));
  EXPECT_EQ(ledger.entries()[0].evidence.events, 18U);
  EXPECT_EQ(ledger.entries()[0].evidence.checked_at, 100);
}

TEST(Ledger, CutsWhatANewEntryReplaces) {
  Ledger ledger;
  ledger.mark({0, 99}, Coverage::complete, at(1));
  ledger.mark({40, 59}, Coverage::suspect, at(2));
  EXPECT_THAT(ranges(ledger, Coverage::complete), ElementsAre(Interval{0, 39}, Interval{60, 99}));
  EXPECT_THAT(ranges(ledger, Coverage::suspect), ElementsAre(Interval{40, 59}));
  ledger.mark({30, 70}, Coverage::complete, at(3));
  EXPECT_THAT(ranges(ledger, Coverage::complete), ElementsAre(Interval{0, 99}));
}

TEST(Ledger, AsksForWhatWasNeverAskedNewestFirst) {
  Ledger ledger;
  ledger.mark({10, 19}, Coverage::complete, at(1));
  ledger.mark({50, 59}, Coverage::complete, at(1));
  EXPECT_THAT(ledger.due({0, 99}, 1000, {}), ElementsAre(Interval{60, 99}, Interval{20, 49}, Interval{0, 9}));
  EXPECT_THAT(ledger.due({12, 55}, 1000, {}), ElementsAre(Interval{20, 49}));
  EXPECT_TRUE(ledger.due({10, 19}, 1000, {}).empty());
}

TEST(Ledger, RetriesFailedIntervalsEverLaterAndSuspectOnesSlowly) {
  CatchupOptions options;
  options.failed_retry_first = std::chrono::seconds(10);
  options.failed_retry_cap = std::chrono::seconds(30);
  Ledger ledger;
  ledger.mark({0, 9}, Coverage::failed, at(1000));
  EXPECT_TRUE(ledger.due({0, 9}, 1009, options).empty());
  EXPECT_EQ(ledger.due({0, 9}, 1010, options).size(), 1U);
  ledger.mark({0, 9}, Coverage::failed, at(1010));
  EXPECT_TRUE(ledger.due({0, 9}, 1029, options).empty());
  EXPECT_EQ(ledger.due({0, 9}, 1030, options).size(), 1U);
  for (int i = 0; i < 60; ++i) ledger.mark({0, 9}, Coverage::failed, at(1030));
  EXPECT_EQ(ledger.due({0, 9}, 1060, options).size(), 1U);
  ledger.mark({0, 9}, Coverage::suspect, at(2000));
  EXPECT_TRUE(ledger.due({0, 9}, 2000 + 6 * 3600 - 1, options).empty());
  EXPECT_EQ(ledger.due({0, 9}, 2000 + 6 * 3600, options).size(), 1U);
}

TEST(Ledger, SuccessForgetsTheAttempts) {
  Ledger ledger;
  ledger.mark({0, 9}, Coverage::failed, at(1));
  ledger.mark({0, 9}, Coverage::failed, at(2));
  EXPECT_EQ(ledger.entries()[0].evidence.attempts, 2U);
  ledger.mark({0, 9}, Coverage::complete, at(3));
  EXPECT_EQ(ledger.entries()[0].evidence.attempts, 0U);
}

TEST(Ledger, AsksADoubtfulIntervalEverMoreSeldom) {
  CatchupOptions options;
  Ledger ledger;
  const UnixSeconds six_hours = 6 * 3'600;
  for (int i = 0; i < 3; ++i) ledger.mark({0, 9}, Coverage::partial, at(1'000));
  EXPECT_TRUE(ledger.due({0, 9}, 1'000 + 4 * six_hours - 1, options).empty());
  EXPECT_EQ(ledger.due({0, 9}, 1'000 + 4 * six_hours, options).size(), 1U);
  for (int i = 0; i < 40; ++i) ledger.mark({0, 9}, Coverage::partial, at(1'000));
  EXPECT_EQ(ledger.due({0, 9}, 1'000 + options.suspect_recheck_cap.count(), options).size(), 1U);
}

TEST(Ledger, RemembersThatTheRelayOnceServed) {
  Ledger ledger;
  EXPECT_FALSE(ledger.ever_served());
  ledger.mark({0, 9}, Coverage::complete, at(1, 5));
  ledger.mark({0, 9}, Coverage::complete, at(2, 0));
  EXPECT_EQ(ledger.entries()[0].evidence.events, 0U);
  EXPECT_TRUE(ledger.ever_served());
  EXPECT_TRUE(decode_ledger(encode_ledger(ledger), 512)->ever_served());
}

TEST(Ledger, TakesBackWhatAClockThatWasAheadHasClaimed) {
  Ledger ledger;
  ledger.mark({10, 99}, Coverage::complete, at(200));
  ledger.mark({150, 160}, Coverage::partial, at(200));
  ledger.set_rechecked_at(0, 200);
  ledger.distrust(50, 60);
  ASSERT_EQ(ledger.entries().size(), 1U);
  EXPECT_EQ(ledger.entries()[0].range, (Interval{10, 50}));
  EXPECT_EQ(ledger.entries()[0].evidence.checked_at, 60);
  EXPECT_EQ(ledger.rechecked_at(0), 60);
}

// Second by second, what the ledger claims is never more than what it was last told.
TEST(Ledger, NeverClaimsMoreThanItWasToldHoweverFullItIs) {
  SeededRandom random(3);
  for (int round = 0; round < 200; ++round) {
    Ledger ledger(8);
    std::vector<bool> complete(200, false);
    for (int step = 0; step < 60; ++step) {
      const auto from = static_cast<UnixSeconds>(random.below(200));
      const auto to = std::min<UnixSeconds>(199, from + static_cast<UnixSeconds>(random.below(20)));
      const auto state = static_cast<Coverage>(1 + random.below(4));
      ledger.mark({from, to}, state, at(step));
      for (UnixSeconds second = from; second <= to; ++second)
        complete[static_cast<std::size_t>(second)] = state == Coverage::complete;
      ASSERT_LE(ledger.entries().size(), 8U);
      UnixSeconds next = 0;
      for (const LedgerEntry& entry : ledger.entries()) {
        ASSERT_GE(entry.range.from, next);
        ASSERT_LE(entry.range.from, entry.range.to);
        next = entry.range.to + 1;
        if (entry.state != Coverage::complete) continue;
        for (UnixSeconds second = entry.range.from; second <= entry.range.to; ++second)
          ASSERT_TRUE(complete[static_cast<std::size_t>(second)]) << second;
      }
    }
    EXPECT_GT(ledger.coalesced(), 0U);
  }
}

TEST(Ledger, SummarizesWhatIsWanted) {
  Ledger ledger;
  ledger.mark({10, 19}, Coverage::complete, at(1, 3));
  ledger.mark({20, 20}, Coverage::partial, at(1, 2));
  ledger.mark({30, 39}, Coverage::suspect, at(1));
  const Ledger::Summary summary = ledger.summarize({15, 49});
  EXPECT_EQ(summary.complete_seconds, 5U);
  EXPECT_EQ(summary.events, 5U);
  EXPECT_EQ(summary.gaps, 2U);
  EXPECT_EQ(summary.partial, 1U);
  EXPECT_TRUE(ledger.ever_served());
}

TEST(LedgerCodec, GivesBackWhatItWrote) {
  SeededRandom random(5);
  for (int round = 0; round < 100; ++round) {
    Ledger ledger;
    for (std::size_t tier = 0; tier < kMaxRecheckTiers; ++tier)
      ledger.set_rechecked_at(tier, static_cast<UnixSeconds>(random.below(2'000'000'000)));
    for (int i = 0; i < 20; ++i) {
      const auto from = static_cast<UnixSeconds>(random.below(2'000'000'000));
      Evidence evidence{static_cast<Method>(1 + random.below(3)), static_cast<UnixSeconds>(random.below(1U << 31U)),
                        random.below(1U << 20U), random.below(5000), 0};
      ledger.mark({from, from + static_cast<UnixSeconds>(random.below(1'000'000))},
                  static_cast<Coverage>(1 + random.below(4)), evidence);
    }
    const auto back = decode_ledger(encode_ledger(ledger), 512);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->entries(), ledger.entries());
    for (std::size_t tier = 0; tier < kMaxRecheckTiers; ++tier)
      EXPECT_EQ(back->rechecked_at(tier), ledger.rechecked_at(tier));
  }
}

TEST(LedgerCodec, RefusesWhatIsCutOrOfAnotherVersion) {
  Ledger ledger;
  ledger.mark({1'600'000'000, 1'700'000'000}, Coverage::complete, at(1'700'000'001, 77));
  const std::string bytes = encode_ledger(ledger);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_ledger(bytes.substr(0, size), 512)) << size;
  EXPECT_FALSE(decode_ledger(bytes + "x", 512));
  std::string newer = bytes;
  newer[0] = 3;
  EXPECT_TRUE(is_of_newer_version(newer));
  EXPECT_FALSE(is_of_newer_version(bytes));
  EXPECT_FALSE(decode_ledger(newer, 512));
}

TEST(LedgerCodec, GivesBackAMark) {
  for (const OutboxMark& mark :
       {OutboxMark{}, OutboxMark{7, {}}, OutboxMark{1'234'567, {{1'234'570, 1'234'570}, {1'300'000, 1'400'000}}}}) {
    const std::string bytes = encode_mark(mark);
    EXPECT_EQ(decode_mark(bytes), mark);
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_mark(bytes.substr(0, size))) << size;
    EXPECT_FALSE(decode_mark(bytes + "x"));
  }
}

TEST(LedgerCodec, ReadsTheFirstVersion) {
  const std::string ledger{1, 0, 1, 1, 1, 5, 4, 9, 3, 2, 0};
  const auto read = decode_ledger(ledger, 512);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->entries().at(0).range, (Interval{5, 9}));
  EXPECT_TRUE(read->ever_served());
  EXPECT_EQ(decode_mark(std::string{1, 42}), (OutboxMark{42, {}}));
}

TEST(LedgerCodec, SurvivesRandomBytes) {
  SeededRandom random(9);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random.below(40), '\0');
    random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    if (!bytes.empty()) bytes[0] = static_cast<char>(1 + i % 2);
    if (const auto mark = decode_mark(bytes)) {
      EXPECT_EQ(decode_mark(encode_mark(*mark)), mark);
    }
    if (const auto ledger = decode_ledger(bytes, 512)) {
      EXPECT_EQ(decode_ledger(encode_ledger(*ledger), 512)->entries(), ledger->entries());
    }
  }
}

TEST(LedgerCodec, KeysFollowUrlAndFilterButNotTheWindow) {
  const RelayUrl a = RelayUrl::parse("wss://a.example").value();
  const RelayUrl b = RelayUrl::parse("wss://b.example").value();
  Filter notes;
  notes.kinds = std::vector<Kind>{1};
  Filter recent = notes;
  recent.since = 1'700'000'000;
  recent.limit = 5;
  EXPECT_EQ(ledger_key(a, notes), ledger_key(a, recent));
  EXPECT_NE(ledger_key(a, notes), ledger_key(b, notes));
  EXPECT_NE(ledger_key(a, notes), ledger_key(a, Filter{}));
  EXPECT_NE(mark_key(a), mark_key(b));
}

}  // namespace
}  // namespace pharos::router
