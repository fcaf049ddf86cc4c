#include "monitor/outage_guard.h"

#include <gmock/gmock.h>

namespace pharos::monitor {
namespace {

std::string host(std::uint64_t n) { return "relay" + std::to_string(n) + ".example.com"; }

TEST(OutageGuard, AFewFailuresAreTheRelaysOwn) {
  OutageGuard guard(OutageOptions{});
  for (std::uint64_t n = 0; n < 1'000; ++n) {
    const auto ruling = guard.observe(n, host(n), true, n % 3 != 0);
    EXPECT_TRUE(ruling.judge);
    EXPECT_FALSE(ruling.began);
  }
}

TEST(OutageGuard, MostHostsFailingInARowIsOurOwnOutage) {
  OutageGuard guard(OutageOptions{});
  for (std::uint64_t n = 0; n < 20; ++n) guard.observe(n, host(n), true, true);
  std::vector<std::uint64_t> judged;
  std::vector<std::uint64_t> forgiven;
  for (std::uint64_t n = 20; n < 40; ++n) {
    const auto ruling = guard.observe(n, host(n), true, false);
    if (ruling.judge) judged.push_back(n);
    if (ruling.began) forgiven = ruling.forgive;
  }
  EXPECT_TRUE(guard.outage());
  EXPECT_EQ(judged.size(), 8U) << "the ninth of ten failures is more than 80 %";
  EXPECT_THAT(forgiven, ::testing::UnorderedElementsAreArray(judged)) << "what was judged before is taken back";
  EXPECT_FALSE(guard.observe(99, host(99), false, false).judge) << "relays that were dead before count neither way";
}

TEST(OutageGuard, EndsWhenRelaysAnswerAgain) {
  OutageGuard guard(OutageOptions{});
  for (std::uint64_t n = 0; n < 20; ++n) guard.observe(n, host(n), true, false);
  ASSERT_TRUE(guard.outage());
  int ended = 0;
  for (std::uint64_t n = 0; n < 10; ++n) {
    const auto ruling = guard.observe(n, host(n), true, true);
    EXPECT_TRUE(ruling.judge) << "an answer is an answer";
    if (ruling.ended) ++ended;
  }
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(guard.outage());
}

TEST(OutageGuard, OneHostWithManyPathsMayFailAlone) {
  OutageGuard guard(OutageOptions{});
  for (std::uint64_t n = 0; n < 12; ++n) guard.observe(n, host(n), true, true);
  for (std::uint64_t n = 100; n < 140; ++n) EXPECT_FALSE(guard.observe(n, "hosting.example.com", true, false).began);
  EXPECT_FALSE(guard.outage());
}

TEST(OutageGuard, SaysNothingWithTooFewHosts) {
  OutageGuard guard(OutageOptions{});
  for (int round = 0; round < 5; ++round)
    for (std::uint64_t n = 0; n < 9; ++n) EXPECT_TRUE(guard.observe(n, host(n), true, false).judge);
}

}  // namespace
}  // namespace pharos::monitor
