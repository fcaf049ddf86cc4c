#include "util/bucket_table.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

namespace pharos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kStart = SteadyTime{} + std::chrono::hours(1);
constexpr Rate kRate{1, seconds(1), 10};

using Table = BucketTable<9, 2>;

Table::Key key(std::uint8_t number) { return {1, 2, 3, 4, 5, 6, 7, 8, number}; }

TEST(BucketTable, KeepsKeysAndTheBucketsOfAKeyApart) {
  Table table(100, 4, 7);
  EXPECT_EQ(table.take(key(1), 0, kRate, 10, kStart).wait, Duration(0));
  EXPECT_EQ(table.take(key(1), 0, kRate, 1, kStart).wait, seconds(1));
  EXPECT_EQ(table.take(key(1), 1, kRate, 10, kStart).wait, Duration(0));
  EXPECT_EQ(table.take(key(2), 0, kRate, 10, kStart).wait, Duration(0));
}

TEST(BucketTable, TellsOfDebts) {
  Table table(100, 4, 7);
  EXPECT_EQ(table.charge(key(1), 0, kRate, 12, kStart).wait, seconds(2));
  EXPECT_EQ(table.wait_for(key(1), 0, kRate, 0, kStart + seconds(1)), seconds(1));
  EXPECT_EQ(table.wait_for(key(2), 0, kRate, 0, kStart), Duration(0));
}

TEST(BucketTable, ForgetsTheKeyNearestToFullWhenThereIsNoRoom) {
  Table table(3, 1, 7);
  EXPECT_EQ(table.take(key(1), 0, kRate, 9, kStart).grown, 1);
  EXPECT_EQ(table.take(key(2), 0, kRate, 2, kStart).grown, 1);
  EXPECT_EQ(table.take(key(3), 0, kRate, 5, kStart).grown, 1);
  const auto fourth = table.take(key(4), 0, kRate, 8, kStart);
  EXPECT_TRUE(fourth.evicted);
  EXPECT_EQ(fourth.grown, 0);
  // The second is full again as far as the table knows; the others are as they were.
  EXPECT_EQ(table.wait_for(key(2), 0, kRate, 10, kStart), Duration(0));
  EXPECT_EQ(table.wait_for(key(1), 0, kRate, 10, kStart), seconds(9));
  EXPECT_EQ(table.wait_for(key(3), 0, kRate, 10, kStart), seconds(5));
  EXPECT_EQ(table.wait_for(key(4), 0, kRate, 10, kStart), seconds(8));
}

TEST(BucketTable, WhatWasUsedSinceItCameIsNotForgottenForIt) {
  Table table(2, 1, 7);
  table.take(key(1), 0, kRate, 1, kStart);
  table.take(key(2), 0, kRate, 5, kStart);
  table.take(key(1), 1, kRate, 9, kStart);
  EXPECT_TRUE(table.take(key(3), 0, kRate, 1, kStart).evicted);
  EXPECT_EQ(table.wait_for(key(1), 1, kRate, 10, kStart), seconds(9));
  EXPECT_EQ(table.wait_for(key(2), 0, kRate, 10, kStart), Duration(0));
}

TEST(BucketTable, ForgetsWhatIsFullAgainFirstAndCountsNoEviction) {
  Table table(8, 1, 7);
  for (std::uint8_t i = 0; i < 8; ++i) table.take(key(i), 0, kRate, 1, kStart);
  const auto next = table.take(key(100), 0, kRate, 1, kStart + seconds(2));
  EXPECT_FALSE(next.evicted);
  EXPECT_EQ(next.grown, -1);
  EXPECT_EQ(table.take(key(101), 0, kRate, 1, kStart + seconds(2)).grown, -1);
}

TEST(BucketTable, NeverHasMoreKeysThanItsCapacity) {
  Table table(64, 4, 7);
  std::int64_t size = 0;
  for (std::size_t i = 0; i < 10'000; ++i) {
    Table::Key next{};
    std::memcpy(next.data(), &i, sizeof i);
    size += table.take(next, i % 2, kRate, 1 + i % 10, kStart + milliseconds(i)).grown;
    ASSERT_LE(size, 64);
  }
  EXPECT_GT(size, 0);
}

TEST(BucketTable, StartsAnewWhenItIsCleared) {
  Table table(8, 2, 7);
  for (std::uint8_t i = 0; i < 3; ++i) table.charge(key(i), 0, kRate, 1'000, kStart);
  EXPECT_EQ(table.clear(), 3);
  EXPECT_EQ(table.wait_for(key(0), 0, kRate, 10, kStart), seconds(0));
  EXPECT_EQ(table.take(key(0), 0, kRate, 10, kStart).grown, 1);
}

TEST(BucketTable, ThreadsTakeNoMoreThanThereIs) {
  Table table(100, 4, 7);
  constexpr Rate kBig{1, std::chrono::hours(1), 1'000};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1'000; ++n) taken += table.take(key(1), 0, kBig, 1, kStart).wait == Duration(0) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1'000);
}

}  // namespace
}  // namespace pharos
