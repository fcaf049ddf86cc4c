#include "util/token_bucket.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kStart = SteadyTime{} + hours(1);

TEST(TokenBucket, StartsFullAndRefusesWhenEmpty) {
  TokenBucket bucket(Rate{10, seconds(1), 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(1, kStart));
  EXPECT_FALSE(bucket.take(1, kStart));
}

TEST(TokenBucket, RefillsAtItsRateUpToTheBurst) {
  TokenBucket bucket(Rate{10, seconds(1), 3});
  ASSERT_TRUE(bucket.take(3, kStart));
  EXPECT_FALSE(bucket.take(1, kStart + milliseconds(99)));
  EXPECT_TRUE(bucket.take(1, kStart + milliseconds(101)));
  EXPECT_TRUE(bucket.take(3, kStart + hours(1)));
  EXPECT_FALSE(bucket.take(1, kStart + hours(1)));
}

TEST(TokenBucket, RefusalTakesNothing) {
  TokenBucket bucket(Rate{1, seconds(1), 2});
  EXPECT_FALSE(bucket.take(3, kStart));
  EXPECT_TRUE(bucket.take(2, kStart));
}

TEST(TokenBucket, TellsHowLongToWait) {
  TokenBucket bucket(Rate{10, seconds(1), 3});
  EXPECT_EQ(bucket.wait_for(3, kStart), milliseconds(0));
  ASSERT_TRUE(bucket.take(3, kStart));
  const milliseconds wait = bucket.wait_for(2, kStart);
  EXPECT_GE(wait, milliseconds(200));
  EXPECT_LE(wait, milliseconds(202));
  EXPECT_TRUE(bucket.take(2, kStart + wait));
}

TEST(TokenBucket, TimeThatStandsStillOrGoesBackGivesNothing) {
  TokenBucket bucket(Rate{10, seconds(1), 1});
  ASSERT_TRUE(bucket.take(1, kStart));
  EXPECT_FALSE(bucket.take(1, kStart - milliseconds(500)));
}

TEST(TokenBucket, WhatDoesNotDivideStillGivesTheWholeBurst) {
  for (const std::uint64_t rate : {3U, 7U, 11U, 997U}) {
    TokenBucket bucket(Rate{rate, seconds(1), rate});
    for (std::uint64_t i = 0; i < rate; ++i) ASSERT_TRUE(bucket.take(1, kStart)) << rate;
    EXPECT_FALSE(bucket.take(1, kStart)) << rate;
  }
}

TEST(TokenBucket, OfSlowAndFastRates) {
  TokenBucket daily(Rate{1, hours(24), 1});
  ASSERT_TRUE(daily.take(1, kStart));
  EXPECT_EQ(daily.wait_for(1, kStart), milliseconds(hours(24)));
  // A token takes less than a nanosecond; what is taken in bulk still counts.
  TokenBucket bytes(Rate{8'000'000'000, seconds(1), 8'000'000'000});
  ASSERT_TRUE(bytes.take(8'000'000'000, kStart));
  EXPECT_EQ(bytes.wait_for(4'000'000'000, kStart), milliseconds(500));
}

TEST(TokenBucket, OfRealNumbers) {
  EXPECT_EQ(Rate::per_second(4, 10), (Rate{1, milliseconds(250), 10}));
  EXPECT_EQ(Rate::per_second(0.01, 0.5), (Rate{1, seconds(100), 1}));
}

TEST(TokenLevel, WhatCannotBeRefusedLeavesADebt) {
  const Rate rate{100, seconds(1), 50};
  TokenLevel level;
  level.charge(rate, 50, kStart);
  EXPECT_EQ(level.wait_for(rate, 0, kStart), milliseconds(0));
  level.charge(rate, 100, kStart);
  EXPECT_EQ(level.wait_for(rate, 0, kStart), seconds(1));
  EXPECT_EQ(level.wait_for(rate, 0, kStart + seconds(1)), milliseconds(0));
  EXPECT_FALSE(level.take(rate, 1, kStart + seconds(1)));
  EXPECT_EQ(level.full_at(), kStart + milliseconds(1'500));
}

TEST(TokenLevel, TakesAnotherRateWhileItIsInUse) {
  TokenLevel level;
  ASSERT_TRUE(level.take(Rate{1, seconds(1), 10}, 10, kStart));
  EXPECT_FALSE(level.take(Rate{1, seconds(1), 10}, 1, kStart));
  EXPECT_TRUE(level.take(Rate{1, seconds(1), 20}, 10, kStart));
}

TEST(TokenLevel, WhatIsEmptyUnderASlowRateIsNoMoreThanEmptyUnderAFastOne) {
  const Rate slow{1, hours(24), 10};
  const Rate fast{10, seconds(1), 20};
  TokenLevel level;
  ASSERT_TRUE(level.take(slow, 10, kStart));
  EXPECT_FALSE(level.take(fast, 1, kStart));
  EXPECT_EQ(level.wait_for(fast, 1, kStart), milliseconds(100));
  EXPECT_TRUE(level.take(fast, 1, kStart + milliseconds(100)));
}

TEST(TokenLevel, Saturates) {
  const Rate rate{1, hours(24), std::numeric_limits<std::uint64_t>::max()};
  TokenLevel level;
  for (int i = 0; i < 3; ++i) level.charge(rate, std::numeric_limits<std::uint64_t>::max(), kStart);
  EXPECT_GT(level.full_at(), kStart + hours(24 * 365 * 99));
  const Rate narrow{1, hours(24), 1};
  EXPECT_GT(level.wait_for(narrow, 0, kStart), hours(24 * 365 * 99));
  EXPECT_FALSE(level.take(narrow, 1, kStart));
}

}  // namespace
}  // namespace pharos
