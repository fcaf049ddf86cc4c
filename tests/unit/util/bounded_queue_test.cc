#include "util/bounded_queue.h"

#include <memory>
#include <thread>

#include <gmock/gmock.h>

namespace pharos {
namespace {

using ::testing::ElementsAre;

std::chrono::steady_clock::time_point soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(10); }
std::chrono::steady_clock::time_point already() { return std::chrono::steady_clock::now(); }

TEST(BoundedQueue, RefusesWhenFullAndLeavesTheItem) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.try_push(std::move(second)));
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.capacity(), 1U);
}

TEST(BoundedQueue, PopsInOrderUpToTheBatch) {
  BoundedQueue<int> queue(5);
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(queue.try_push(int{i}));
  std::vector<int> out;
  EXPECT_TRUE(queue.pop_batch(out, 2, soon()));
  EXPECT_TRUE(queue.pop_batch(out, 10, soon()));
  EXPECT_THAT(out, ElementsAre(1, 2, 3, 4, 5));
}

TEST(BoundedQueue, GivesNothingAtTheDeadline) {
  BoundedQueue<int> queue(1);
  std::vector<int> out;
  EXPECT_TRUE(queue.pop_batch(out, 1, already()));
  EXPECT_TRUE(out.empty());
}

TEST(BoundedQueue, DrainsAfterClose) {
  BoundedQueue<int> queue(3);
  ASSERT_TRUE(queue.try_push(1));
  ASSERT_TRUE(queue.try_push(2));
  queue.close();
  EXPECT_FALSE(queue.try_push(3));
  std::vector<int> out;
  EXPECT_TRUE(queue.pop_batch(out, 1, soon()));
  EXPECT_TRUE(queue.pop_batch(out, 1, soon()));
  EXPECT_FALSE(queue.pop_batch(out, 1, soon()));
  EXPECT_THAT(out, ElementsAre(1, 2));
}

TEST(BoundedQueue, HasRoomAgainAfterAPop) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.try_push(1));
  std::vector<int> out;
  queue.pop_batch(out, 1, soon());
  EXPECT_TRUE(queue.try_push(2));
  queue.pop_batch(out, 1, soon());
  EXPECT_THAT(out, ElementsAre(1, 2));
}

TEST(BoundedQueue, CloseWakesAWaitingPop) {
  BoundedQueue<int> empty(1);
  bool open = true;
  std::thread consumer([&] {
    std::vector<int> out;
    open = empty.pop_batch(out, 1, soon());
  });
  empty.close();
  consumer.join();
  EXPECT_FALSE(open);
}

TEST(BoundedQueue, LosesNothingBetweenManyThreads) {
  constexpr int kEach = 2'000;
  BoundedQueue<int> queue(7);
  std::vector<std::thread> producers;
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&queue, p] {
      for (int i = 0; i < kEach; ++i) {
        while (!queue.try_push(p * kEach + i)) std::this_thread::yield();
      }
    });
  }
  std::vector<int> out;
  while (out.size() < 4 * kEach) queue.pop_batch(out, 3, soon());
  for (std::thread& producer : producers) producer.join();
  std::ranges::sort(out);
  for (int i = 0; i < 4 * kEach; ++i) ASSERT_EQ(out[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace pharos
