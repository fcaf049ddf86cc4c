#include "util/time_budget.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

using std::chrono::milliseconds;

TEST(TimeBudget, EndsWithItsRecords) {
  ManualClock clock;
  TimeBudget budget(clock, milliseconds(10), 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.spend());
  EXPECT_TRUE(budget.exhausted());
  EXPECT_FALSE(budget.spend());
  EXPECT_EQ(budget.spent(), 3U);
}

TEST(TimeBudget, EndsWithItsTimeAtTheNextLookAtTheClock) {
  ManualClock clock;
  TimeBudget budget(clock, milliseconds(10), 1'000);
  for (int i = 0; i < 64; ++i) EXPECT_TRUE(budget.spend());
  EXPECT_FALSE(budget.exhausted());
  clock.advance(milliseconds(10));
  while (budget.spend()) {
  }
  EXPECT_EQ(budget.spent(), 128U);
}

TEST(TimeBudget, OfNoRecordsAllowsNothing) {
  ManualClock clock;
  TimeBudget budget(clock, milliseconds(10), 0);
  EXPECT_TRUE(budget.exhausted());
  EXPECT_FALSE(budget.spend());
}

TEST(TimeBudget, ManualClockMovesBothSidesOrOne) {
  ManualClock clock(100);
  const SteadyTime start = clock.now();
  clock.advance(milliseconds(1'500));
  EXPECT_EQ(clock.now() - start, milliseconds(1'500));
  EXPECT_EQ(clock.unix_now(), 101);
  clock.set_unix(5);
  EXPECT_EQ(clock.unix_now(), 5);
  EXPECT_EQ(clock.now() - start, milliseconds(1'500));
}

}  // namespace
}  // namespace pharos
