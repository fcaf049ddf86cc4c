#include "monitor/outage_guard.h"

#include <gmock/gmock.h>

namespace pharos::monitor {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class OutageGuardTest : public ::testing::Test {
 protected:
  OutageGuard::Ruling see(std::uint64_t n, bool was_online, bool opened, std::string host_name = "") {
    return guard.observe(n, host_name.empty() ? host(n) : host_name, was_online, opened, clock.now());
  }
  static std::string host(std::uint64_t n) { return "relay" + std::to_string(n) + ".example.com"; }

  ManualClock clock;
  OutageGuard guard{OutageOptions{}};
};

TEST_F(OutageGuardTest, AFewFailuresAreTheRelaysOwn) {
  for (std::uint64_t n = 0; n < 1'000; ++n) {
    const auto ruling = see(n, true, n % 3 != 0);
    EXPECT_TRUE(ruling.judge);
    EXPECT_FALSE(ruling.began);
  }
}

TEST_F(OutageGuardTest, MostHostsFailingInARowIsOurOwnOutage) {
  for (std::uint64_t n = 0; n < 20; ++n) see(n, true, true);
  std::vector<std::uint64_t> judged;
  std::vector<std::uint64_t> forgiven;
  for (std::uint64_t n = 20; n < 40; ++n) {
    const auto ruling = see(n, true, false);
    if (ruling.judge) judged.push_back(n);
    if (ruling.began) forgiven = ruling.forgive;
  }
  EXPECT_TRUE(guard.outage());
  EXPECT_EQ(judged.size(), 8U) << "the ninth of ten failures is more than 80 %";
  EXPECT_THAT(forgiven, ::testing::UnorderedElementsAreArray(judged)) << "what was judged before is taken back";
  EXPECT_FALSE(see(99, false, false).judge) << "relays that were dead before count neither way";
}

TEST_F(OutageGuardTest, EndsWhenRelaysAnswerAgain) {
  for (std::uint64_t n = 0; n < 20; ++n) see(n, true, false);
  ASSERT_TRUE(guard.outage());
  int ended = 0;
  for (std::uint64_t n = 0; n < 10; ++n) {
    const auto ruling = see(n, true, true);
    EXPECT_TRUE(ruling.judge) << "an answer is an answer";
    if (ruling.ended) ++ended;
  }
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(guard.outage());
}

TEST_F(OutageGuardTest, OneHostWithManyPathsMayFailAlone) {
  for (std::uint64_t n = 0; n < 12; ++n) see(n, true, true);
  for (std::uint64_t n = 100; n < 140; ++n) EXPECT_FALSE(see(n, true, false, "hosting.example.com").began);
  EXPECT_FALSE(guard.outage());
}

TEST_F(OutageGuardTest, SaysNothingWithTooFewHosts) {
  for (int round = 0; round < 5; ++round)
    for (std::uint64_t n = 0; n < 9; ++n) EXPECT_TRUE(see(n, true, false).judge);
}

// As the schedule does it: live ones once a period, withheld failures every minute, judged failures not for long.
TEST_F(OutageGuardTest, ManyDeadRelaysAmongLivingOnesAreJudgedInTheEnd) {
  constexpr std::uint64_t kAlive = 20;
  constexpr std::uint64_t kTargets = 60;
  std::vector<std::chrono::seconds> due(kTargets);
  std::vector<bool> online(kTargets, true);
  // The dead ones fail together at first.
  for (std::uint64_t n = 0; n < kTargets; ++n) due[n] = seconds(n < kAlive ? 45 * n : n);
  for (seconds now{0}; now < minutes(60); now += seconds(1), clock.advance(seconds(1))) {
    for (std::uint64_t n = 0; n < kTargets; ++n) {
      if (due[n] != now) continue;
      const bool opened = n < kAlive;
      const auto ruling = see(n, online[n], opened);
      for (const std::uint64_t forgiven : ruling.forgive) {
        online[forgiven] = true;
        due[forgiven] = now + seconds(60);
      }
      if (ruling.judge) online[n] = opened;
      due[n] = now + (opened ? minutes(15) : ruling.judge ? minutes(300) : minutes(1));
    }
  }
  EXPECT_FALSE(guard.outage());
  for (std::uint64_t n = 0; n < kTargets; ++n) EXPECT_EQ(online[n], n < kAlive) << n;
}

TEST_F(OutageGuardTest, LastsWhileNobodyAnswersAndIsBoundedWhenAnyoneDoes) {
  for (std::uint64_t n = 0; n < 20; ++n) see(n, true, false);
  ASSERT_TRUE(guard.outage());
  clock.advance(minutes(24 * 60));
  EXPECT_FALSE(see(1, true, false).judge) << "nobody answered all day: it is us";
  see(100, true, true);
  EXPECT_FALSE(guard.outage());
}

TEST_F(OutageGuardTest, AfterAnOutageANewOneIsSeen) {
  for (std::uint64_t n = 0; n < 20; ++n) see(n, true, false);
  for (std::uint64_t n = 0; n < 20; ++n) see(n, true, true);
  ASSERT_FALSE(guard.outage());
  for (std::uint64_t n = 0; n < 20; ++n) see(n, true, false);
  EXPECT_TRUE(guard.outage());
}

}  // namespace
}  // namespace pharos::monitor
