#include "relay/slice_queue.h"

#include <string>

#include <gmock/gmock.h>

namespace pharos::relay {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class SliceQueueTest : public ::testing::Test {
 protected:
  void push(const std::string& name, Duration used = {}) { queue_.push(name, clock_.now(), used); }
  std::string pop_all() {
    std::string order;
    while (!queue_.empty()) order += queue_.pop();
    return order;
  }

  ManualClock clock_;
  SliceQueue<std::string> queue_;
};

TEST_F(SliceQueueTest, NewScansComeInTheirOrder) {
  for (const char* name : {"a", "b", "c", "d", "e"}) push(name);
  EXPECT_EQ(queue_.size(), 5U);
  EXPECT_EQ(pop_all(), "abcde");
}

TEST_F(SliceQueueTest, ANewScanPassesAllThatHaveRun) {
  for (int i = 0; i < 10; ++i) push("s", milliseconds(20));
  clock_.advance(milliseconds(5));
  push("n");
  EXPECT_EQ(queue_.pop(), "n");
}

TEST_F(SliceQueueTest, TheLessAScanHasUsedTheSoonerItsTurn) {
  push("c", milliseconds(3));
  push("a", microseconds(300));
  push("b", milliseconds(1));
  EXPECT_EQ(pop_all(), "abc");
}

TEST_F(SliceQueueTest, NoScanStarvesBehindNewOnes) {
  push("long", seconds(3600));
  int passed = 0;
  for (;; ++passed) {
    push("n");
    if (queue_.pop() == "long") break;
    clock_.advance(milliseconds(1));
  }
  EXPECT_EQ(passed, SliceQueue<std::string>::kMostPatience.count());
}

}  // namespace
}  // namespace pharos::relay
