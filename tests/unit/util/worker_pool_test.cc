#include "util/worker_pool.h"

#include <atomic>
#include <latch>

#include <gmock/gmock.h>
#include <pthread.h>

namespace pharos {
namespace {

TEST(WorkerPool, RunsEveryJobBeforeItIsGone) {
  std::atomic<int> done = 0;
  {
    WorkerPool pool("test", 3, 100);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.try_submit([&done] { ++done; }));
    EXPECT_EQ(pool.threads(), 3U);
  }
  EXPECT_EQ(done, 100);
}

TEST(WorkerPool, RefusesWhenTheQueueIsFull) {
  std::latch started(1);
  std::latch release(1);
  WorkerPool pool("test", 1, 1);
  ASSERT_TRUE(pool.try_submit([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  EXPECT_TRUE(pool.try_submit([] {}));
  EXPECT_EQ(pool.queue_depth(), pool.queue_capacity());
  EXPECT_FALSE(pool.try_submit([] {}));
  release.count_down();
}

TEST(WorkerPool, RefusesOnceStopped) {
  WorkerPool pool("test", 2, 4);
  pool.stop();
  pool.stop();
  EXPECT_FALSE(pool.try_submit([] {}));
}

TEST(WorkerPool, NamesItsThreads) {
  std::string name(16, '\0');
  {
    WorkerPool pool("verify", 1, 1);
    pool.try_submit([&name] { pthread_getname_np(pthread_self(), name.data(), name.size()); });
  }
  EXPECT_STREQ(name.c_str(), "verify-0");
}

}  // namespace
}  // namespace pharos
