#include "util/token_bucket.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

using std::chrono::milliseconds;

const SteadyTime kStart = SteadyTime{} + std::chrono::hours(1);

TEST(TokenBucket, StartsFullAndRefusesWhenEmpty) {
  TokenBucket bucket(10, 3, kStart);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(1, kStart));
  EXPECT_FALSE(bucket.take(1, kStart));
}

TEST(TokenBucket, RefillsAtItsRateUpToTheBurst) {
  TokenBucket bucket(10, 3, kStart);
  ASSERT_TRUE(bucket.take(3, kStart));
  EXPECT_FALSE(bucket.take(1, kStart + milliseconds(99)));
  EXPECT_TRUE(bucket.take(1, kStart + milliseconds(101)));
  EXPECT_TRUE(bucket.take(3, kStart + std::chrono::hours(1)));
  EXPECT_FALSE(bucket.take(0.5, kStart + std::chrono::hours(1)));
}

TEST(TokenBucket, RefusalTakesNothing) {
  TokenBucket bucket(1, 2, kStart);
  EXPECT_FALSE(bucket.take(3, kStart));
  EXPECT_TRUE(bucket.take(2, kStart));
}

TEST(TokenBucket, TellsHowLongToWait) {
  TokenBucket bucket(10, 3, kStart);
  EXPECT_EQ(bucket.wait_for(3, kStart), milliseconds(0));
  ASSERT_TRUE(bucket.take(3, kStart));
  const milliseconds wait = bucket.wait_for(2, kStart);
  EXPECT_GE(wait, milliseconds(200));
  EXPECT_LE(wait, milliseconds(202));
  EXPECT_TRUE(bucket.take(2, kStart + wait));
}

TEST(TokenBucket, TimeThatStandsStillOrGoesBackGivesNothing) {
  TokenBucket bucket(10, 1, kStart);
  ASSERT_TRUE(bucket.take(1, kStart));
  EXPECT_FALSE(bucket.take(1, kStart - milliseconds(500)));
}

}  // namespace
}  // namespace pharos
