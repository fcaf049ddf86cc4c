#include "util/callback.h"

#include <array>
#include <memory>

#include <gtest/gtest.h>

namespace pharos {
namespace {

using Adding = Callback<int(int), 16>;

TEST(Callback, CallsWhatItHolds) {
  int calls = 0;
  const Adding add = [&calls](int n) { return ++calls + n; };
  EXPECT_EQ(add(10), 11);
  EXPECT_EQ(add(10), 12);
}

TEST(Callback, TellsWhetherItHoldsAnything) {
  Adding none;
  EXPECT_FALSE(none);
  none = [](int n) { return n; };
  EXPECT_TRUE(none);
  none = nullptr;
  EXPECT_FALSE(none);
}

TEST(Callback, GivesUpWhatItHoldsWhenItGoesOrIsReplaced) {
  const auto held = std::make_shared<int>(1);
  {
    Adding small = [held](int n) { return *held + n; };
    Adding large = [held, room = std::array<char, 100>()](int n) { return *held + n + room[0]; };
    EXPECT_EQ(held.use_count(), 3);
    small = [](int n) { return n; };
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Callback, MovesSmallAndLargeAlike) {
  const auto held = std::make_shared<int>(1);
  Adding small = [held](int n) { return *held + n; };
  Adding large = [held, room = std::array<char, 100>()](int n) { return *held + n + room[0]; };
  for (Adding* from : {&small, &large}) {
    Adding to = std::move(*from);
    EXPECT_FALSE(*from);
    EXPECT_EQ(to(2), 3);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Callback, TakesArgumentsThatMoveAndLambdasThatChange) {
  const Callback<int(std::unique_ptr<int>)> sum = [total = 0](std::unique_ptr<int> n) mutable { return total += *n; };
  sum(std::make_unique<int>(1));
  EXPECT_EQ(sum(std::make_unique<int>(2)), 3);
}

}  // namespace
}  // namespace pharos
