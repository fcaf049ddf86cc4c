#include "monitor/schedule.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>

namespace pharos::monitor {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ScheduleTest : public ::testing::Test {
 protected:
  ScheduleOptions options;
  SeededRandom random{1};
  ManualClock clock;
  std::optional<Schedule> schedule;

  void make(unsigned dials_per_probe = 1) { schedule.emplace(options, dials_per_probe, random); }
  void add(TargetId id, std::string host = "", Network network = Network::clearnet,
           std::optional<milliseconds> due_in = std::nullopt) {
    if (host.empty()) host = "h" + std::to_string(id);
    schedule->add({id, host, network, id * 0x9e3779b97f4a7c15ULL}, due_in, clock.now());
  }
  std::vector<TargetId> take() { return schedule->take_due(clock.now()); }
  milliseconds finish(TargetId id, unsigned failures = 0) {
    return schedule->finished(id, failures, clock.now(), clock.unix_milliseconds());
  }
  void unlimited() {
    options.dials_per_second = 1e6;
    options.dial_burst = 1e6;
    options.concurrency.fill(1'000'000);
  }
};

TEST_F(ScheduleTest, NewTargetsComeWithinTheFirstSpreadAndNotAllAtOnce) {
  unlimited();
  make();
  for (TargetId id = 1; id <= 1'000; ++id) add(id);
  std::size_t total = 0;
  for (int step = 0; step < 30; ++step) {
    clock.advance(seconds(1));
    const std::size_t n = take().size();
    EXPECT_LT(n, 80U);
    total += n;
  }
  EXPECT_EQ(total, 1'000U);
}

TEST_F(ScheduleTest, ALiveTargetComesOncePerPeriodAtItsPlace) {
  unlimited();
  make();
  for (TargetId id = 1; id <= 300; ++id) add(id);
  std::map<TargetId, std::vector<std::int64_t>> checks;
  std::vector<std::size_t> per_minute(61);
  for (int second = 0; second < 3'600; ++second) {
    clock.advance(seconds(1));
    for (const TargetId id : take()) {
      checks[id].push_back(clock.unix_milliseconds());
      if (second > 1'800) ++per_minute[static_cast<std::size_t>(second / 60)];
      finish(id);
    }
  }
  for (const auto& [id, times] : checks) {
    ASSERT_GE(times.size(), 3U);
    ASSERT_LE(times.size(), 6U);
    for (std::size_t i = 2; i < times.size(); ++i) {
      EXPECT_GE(times[i] - times[i - 1], 1'000 * 900 * 85 / 100);
      EXPECT_LE(times[i] - times[i - 1], 1'000 * 900 * 115 / 100);
    }
  }
  // 300 targets over 15 minutes: 20 a minute, give or take.
  EXPECT_LT(*std::max_element(per_minute.begin(), per_minute.end()), 45U);
}

TEST_F(ScheduleTest, FailuresClimbTheLadderAndStayOnItsLastRung) {
  make();
  const std::vector<milliseconds> expected{minutes(1),  minutes(1), minutes(5), minutes(5), minutes(20),
                                           minutes(20), hours(3),   hours(3),   hours(24),  hours(24),
                                           hours(168),  hours(168), hours(168)};
  for (unsigned failures = 1; failures <= expected.size(); ++failures)
    EXPECT_EQ(schedule->retry_delay(failures), expected[failures - 1]) << failures;
  EXPECT_EQ(schedule->retry_delay(4'000'000'000U), hours(168));

  add(1);
  clock.advance(seconds(30));
  ASSERT_THAT(take(), ::testing::ElementsAre(1));
  const milliseconds delay = finish(1, 3);
  EXPECT_GE(delay, seconds(270));
  EXPECT_LE(delay, seconds(330));
}

TEST_F(ScheduleTest, NeverMoreConnectionsPerSecondThanTheRate) {
  options.concurrency.fill(1'000'000);
  options.dials_per_second = 10;
  options.dial_burst = 20;
  make(2);
  for (TargetId id = 1; id <= 1'000; ++id) add(id, "", Network::clearnet, milliseconds(0));
  clock.advance(options.first_spread);
  EXPECT_EQ(take().size(), 10U) << "the burst, two connections a probe";
  EXPECT_TRUE(take().empty());
  const auto wake = schedule->wake_at(clock.now());
  ASSERT_TRUE(wake);
  EXPECT_GT(*wake, clock.now());
  EXPECT_LE(*wake, clock.now() + milliseconds(250));
  std::size_t taken = 0;
  for (int tenth = 0; tenth < 100; ++tenth) {
    clock.advance(milliseconds(100));
    taken += take().size();
  }
  EXPECT_NEAR(static_cast<double>(taken), 50.0, 1.0);
}

TEST_F(ScheduleTest, ABusyHostOrNetworkDoesNotHoldUpTheOthers) {
  unlimited();
  options.concurrency = {2, 1, 1, 1};
  make();
  add(1, "same");
  add(2, "same");
  add(3, "same");
  add(4, "other", Network::tor);
  add(5, "another", Network::tor);
  add(6, "third");
  clock.advance(options.first_spread);
  auto first = take();
  EXPECT_EQ(first.size(), 3U) << "one of the same host, one more of clearnet, one of tor";
  EXPECT_TRUE(take().empty());
  EXPECT_FALSE(schedule->wake_at(clock.now())) << "every slot is taken, nothing to wake for";

  std::vector<TargetId> all = first;
  std::map<std::string, int> busy;
  while (!first.empty()) {
    const TargetId id = first.back();
    first.pop_back();
    finish(id);
    for (const TargetId next : take()) {
      all.push_back(next);
      first.push_back(next);
      const auto same = std::ranges::count_if(first, [](TargetId t) { return t <= 3; });
      EXPECT_LE(same, 1);
      EXPECT_LE(first.size(), 3U);
    }
  }
  EXPECT_THAT(all, ::testing::UnorderedElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(schedule->in_flight(), 0U);
}

TEST_F(ScheduleTest, ATargetRemovedWhileParkedOrInFlightLeavesNoTrace) {
  unlimited();
  make();
  add(1, "same");
  add(2, "same");
  add(3, "same");
  clock.advance(options.first_spread);
  const auto first = take();
  ASSERT_EQ(first.size(), 1U);
  std::vector<TargetId> others;
  for (TargetId id = 1; id <= 3; ++id)
    if (id != first[0]) others.push_back(id);
  schedule->remove(others[0]);
  schedule->remove(first[0]);
  EXPECT_EQ(schedule->in_flight(), 0U);
  EXPECT_THAT(take(), ::testing::ElementsAre(others[1]));
  EXPECT_EQ(finish(first[0]), milliseconds(0)) << "gone";
  finish(others[1]);
  EXPECT_EQ(schedule->size(), 1U);
}

TEST_F(ScheduleTest, NamedTargetsKeepTheirPaceHoweverManyAreDiscovered) {
  options.concurrency.fill(1);
  options.per_host = 1;
  make();
  for (TargetId id = 1; id <= 500; ++id) add(id);
  clock.advance(options.first_spread);
  auto busy = take();
  ASSERT_EQ(busy.size(), 1U);
  schedule->add({1'000, "mine", Network::clearnet, 7, true}, milliseconds(0), clock.now());
  schedule->add({1'001, "mine", Network::clearnet, 8, true}, milliseconds(0), clock.now());
  clock.advance(options.first_spread);
  std::vector<TargetId> order;
  for (int step = 0; step < 2; ++step) {
    finish(busy.at(0));
    busy = take();
    ASSERT_EQ(busy.size(), 1U);
    order.push_back(busy[0]);
  }
  EXPECT_THAT(order, ::testing::ElementsAre(1'000, 1'001));
}

TEST_F(ScheduleTest, ATargetRemovedAtItsTurnLeavesTheTurnToTheNext) {
  unlimited();
  std::vector<TargetId> order;
  for (const std::size_t per_host : {3U, 1U}) {
    options.per_host = per_host;
    make();
    for (TargetId id = 1; id <= 3; ++id) add(id, "same");
    clock.advance(options.first_spread);
    const auto first = take();
    ASSERT_EQ(first.size(), per_host);
    if (order.empty()) order = first;
  }
  finish(order[0]);
  schedule->remove(order[1]);
  EXPECT_THAT(take(), ::testing::ElementsAre(order[2]));
}

TEST_F(ScheduleTest, NoDelayIsLongerThanItSays) {
  unlimited();
  options.jitter = 0.5;
  make();
  for (unsigned failures = 0; failures < 14; ++failures) {
    const TargetId id = failures + 1;
    add(id);
    clock.advance(options.first_spread);
    for (const TargetId taken : take()) EXPECT_LE(finish(taken, failures), schedule->longest_delay(failures));
  }
}

TEST_F(ScheduleTest, TellsHowManyAreOverdue) {
  unlimited();
  options.concurrency.fill(1);
  make();
  for (TargetId id = 1; id <= 10; ++id) add(id);
  clock.advance(options.first_spread);
  EXPECT_EQ(schedule->overdue(clock.now()), 0U);
  take();
  clock.advance(minutes(2));
  EXPECT_EQ(schedule->overdue(clock.now()), 9U);
}

TEST_F(ScheduleTest, KeepsARememberedDueTimeAndSpreadsWhatIsLongOverdue) {
  unlimited();
  make();
  add(1, "", Network::clearnet, hours(2));
  add(2, "", Network::clearnet, -hours(50));
  clock.advance(options.first_spread);
  EXPECT_THAT(take(), ::testing::ElementsAre(2));
  clock.advance(hours(2));
  EXPECT_THAT(take(), ::testing::ElementsAre(1));
}

TEST_F(ScheduleTest, APostponedTargetComesAgainSoon) {
  make();
  add(1);
  clock.advance(options.first_spread);
  ASSERT_EQ(take().size(), 1U);
  schedule->postpone(1, seconds(60), clock.now());
  clock.advance(seconds(50));
  EXPECT_TRUE(take().empty());
  clock.advance(seconds(17));
  EXPECT_EQ(take().size(), 1U);
  finish(1, 12);
  schedule->hasten(1, seconds(60), clock.now());
  clock.advance(seconds(60));
  EXPECT_EQ(take().size(), 1U);
}

}  // namespace
}  // namespace pharos::monitor
