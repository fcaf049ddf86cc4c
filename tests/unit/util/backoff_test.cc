#include "util/backoff.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

using std::chrono::milliseconds;

// Always draws the same fraction of the range.
class Fraction final : public Random {
 public:
  explicit Fraction(std::uint8_t byte) : byte_(byte) {}
  void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, byte_); }

 private:
  std::uint8_t byte_;
};

const Backoff::Options kOptions{.first = milliseconds(1000), .cap = milliseconds(5000), .floor = milliseconds(100)};

TEST(Backoff, DoublesItsCeilingUpToTheCap) {
  Backoff backoff(kOptions);
  Fraction most(0xff);
  EXPECT_EQ(backoff.next(most), milliseconds(999));
  EXPECT_EQ(backoff.next(most), milliseconds(1999));
  EXPECT_EQ(backoff.next(most), milliseconds(3999));
  EXPECT_EQ(backoff.next(most), milliseconds(4999));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(backoff.next(most), milliseconds(4999));
  EXPECT_EQ(backoff.attempts(), 104U);
}

TEST(Backoff, NeverGoesBelowTheFloor) {
  Backoff backoff(kOptions);
  Fraction least(0);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(backoff.next(least), milliseconds(100));
}

TEST(Backoff, StartsAgainAfterProgress) {
  Backoff backoff(kOptions);
  Fraction most(0xff);
  for (int i = 0; i < 5; ++i) backoff.next(most);
  backoff.reset();
  EXPECT_EQ(backoff.attempts(), 0U);
  EXPECT_EQ(backoff.next(most), milliseconds(999));
}

}  // namespace
}  // namespace pharos
