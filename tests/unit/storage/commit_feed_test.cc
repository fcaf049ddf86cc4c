#include "storage/commit_feed.h"

#include <gtest/gtest.h>

namespace pharos::storage {
namespace {

TEST(CommitFeed, CallsEverySubscriberUntilItsSubscriptionEnds) {
  CommitFeed feed;
  int first = 0;
  int second = 0;
  auto kept = feed.subscribe([&](const CommitBatchPtr&) { ++first; });
  {
    auto ended = feed.subscribe([&](const CommitBatchPtr&) { ++second; });
    feed.publish(std::make_shared<CommitBatch>());
  }
  feed.publish(std::make_shared<CommitBatch>());
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 1);
}

TEST(CommitFeed, MovedSubscriptionGoesOnInItsNewPlace) {
  CommitFeed feed;
  int calls = 0;
  CommitFeed::Subscription outer;
  {
    auto inner = feed.subscribe([&](const CommitBatchPtr&) { ++calls; });
    outer = std::move(inner);
  }
  feed.publish(std::make_shared<CommitBatch>());
  outer = {};
  feed.publish(std::make_shared<CommitBatch>());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace pharos::storage
