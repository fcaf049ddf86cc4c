#include "util/random.h"

#include <array>
#include <set>

#include <gmock/gmock.h>

namespace pharos {
namespace {

TEST(Random, SeededRepeatsItself) {
  SeededRandom a(5);
  SeededRandom b(5);
  SeededRandom c(6);
  EXPECT_EQ(a.next_u64(), b.next_u64());
  EXPECT_NE(a.next_u64(), c.next_u64());
  std::array<std::uint8_t, 13> x{};
  std::array<std::uint8_t, 13> y{};
  a.fill(x);
  b.next_u64();
  b.fill(y);
  EXPECT_EQ(x, y);
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  SeededRandom random(1);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.below(5));
  EXPECT_THAT(seen, ::testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, UnitIsHalfOpen) {
  SeededRandom random(2);
  double sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const double value = random.unit();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 1000, 0.5, 0.05);
}

TEST(Random, SystemDiffersFromCallToCall) {
  SystemRandom random;
  EXPECT_NE(random.next_u64(), random.next_u64());
}

}  // namespace
}  // namespace pharos
