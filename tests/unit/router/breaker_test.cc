#include "router/breaker.h"

#include <gtest/gtest.h>

namespace pharos::router {
namespace {

using std::chrono::seconds;
using State = Breaker::State;

class BreakerTest : public ::testing::Test {
 protected:
  void fail(int times) {
    for (int i = 0; i < times; ++i) breaker.failed(clock.now());
  }
  ManualClock clock;
  Breaker breaker{BreakerOptions{}};
};
using Breaking = BreakerTest;

TEST_F(Breaking, OpensAfterFiveFailuresInARow) {
  fail(4);
  EXPECT_EQ(breaker.state(clock.now()), State::closed);
  breaker.succeeded(clock.now());
  fail(4);
  EXPECT_EQ(breaker.state(clock.now()), State::closed);
  fail(1);
  EXPECT_EQ(breaker.state(clock.now()), State::open);
  EXPECT_EQ(breaker.allowed_at(clock.now()), clock.now() + seconds(60));
}

TEST_F(Breaking, IsHalfOpenAfterAMinuteAndClosesAfterTwoSuccesses) {
  fail(5);
  clock.advance(seconds(59));
  EXPECT_EQ(breaker.state(clock.now()), State::open);
  clock.advance(seconds(1));
  EXPECT_EQ(breaker.state(clock.now()), State::half_open);
  EXPECT_EQ(breaker.allowed_at(clock.now()), clock.now());
  breaker.succeeded(clock.now());
  EXPECT_EQ(breaker.state(clock.now()), State::half_open);
  breaker.succeeded(clock.now());
  EXPECT_EQ(breaker.state(clock.now()), State::closed);
}

TEST_F(Breaking, OpensAgainAfterThreeHalfOpenAttempts) {
  fail(5);
  clock.advance(seconds(60));
  fail(2);
  EXPECT_EQ(breaker.state(clock.now()), State::half_open);
  fail(1);
  EXPECT_EQ(breaker.state(clock.now()), State::open);
}

TEST_F(Breaking, CountsSuccessesInARowOnly) {
  fail(5);
  clock.advance(seconds(60));
  breaker.succeeded(clock.now());
  fail(1);
  breaker.succeeded(clock.now());
  EXPECT_EQ(breaker.state(clock.now()), State::half_open);
}

}  // namespace
}  // namespace pharos::router
