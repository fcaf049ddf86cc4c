#include "net/io_shards.h"

#include <thread>

#include <gtest/gtest.h>

#include "net_fixture.h"

namespace pharos::net::testing {
namespace {

using std::chrono::milliseconds;

TEST(IoShards, RunsTasksOfAnyThreadInOrderOnItsOwn) {
  IoShards shards(2);
  std::vector<int> order;
  shards.serving(1).post([&] { order.push_back(0); });  // before the start
  shards.start();
  std::vector<std::thread> threads;
  std::atomic<int> count{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) shards.serving(0).post([&] { ++count; });
    });
  for (int i = 1; i < 100; ++i) shards.serving(1).post([&order, i] { order.push_back(i); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(run_on(shards.serving(1), [&] { return shards.serving(1).is_current(); }));
  run_on(shards.serving(0), [] {});
  EXPECT_EQ(count, 4'000);
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_FALSE(shards.background().is_current());
}

TEST(IoShards, GoesOnAfterATaskThatThrows) {
  IoShards shards(1);
  shards.start();
  shards.background().post([] { throw std::runtime_error("bug"); });
  EXPECT_EQ(run_on(shards.background(), [] { return 7; }), 7);
}

TEST(IoShards, DropsWhatIsPendingWhenStopped) {
  auto alive = std::make_shared<int>(0);
  {
    IoShards shards(1);
    shards.start();
    run_on(shards.serving(0), [&] {
      Timer timer(shards.serving(0));
      Timer kept(shards.serving(0));
      kept.arm(std::chrono::hours(1), [alive, owner = std::make_shared<Timer>(std::move(timer))] {});
      shards.background().post([alive, moved = std::make_shared<Timer>(std::move(kept))] {});
    });
    shards.stop();
    shards.stop();
    shards.serving(0).post([alive] { FAIL(); });
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(Timer, FiresOnceAndForgetsWhatItReplacedOrCancelled) {
  IoShards shards(1);
  shards.start();
  std::promise<void> fired;
  std::atomic<int> wrong{0};
  std::optional<Timer> timer;
  run_on(shards.serving(0), [&] {
    timer.emplace(shards.serving(0));
    timer->arm(milliseconds(0), [&] { ++wrong; });
    timer->arm(milliseconds(0), [&] { ++wrong; });
    timer->cancel();
    timer->arm(milliseconds(5), [&] { fired.set_value(); });
    Timer destroyed(shards.serving(0));
    destroyed.arm(milliseconds(0), [&] { ++wrong; });
  });
  EXPECT_EQ(fired.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
  run_on(shards.serving(0), [&] { timer.reset(); });
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace pharos::net::testing
