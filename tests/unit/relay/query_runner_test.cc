#include "relay/query_runner.h"

#include <future>

#include <gmock/gmock.h>

#include "relay/scan.h"
#include "support/fake_store.h"

namespace pharos::relay {
namespace {

using ::testing::ElementsAre;

// Every look at it is a millisecond later.
class SteppingClock final : public Clock {
 public:
  SteadyTime now() const override {
    clock_.advance(std::chrono::milliseconds(1));
    return clock_.now();
  }
  std::int64_t unix_milliseconds() const override { return clock_.unix_milliseconds(); }

 private:
  mutable ManualClock clock_;
};

class QueryRunnerTest : public ::testing::Test {
 protected:
  std::shared_ptr<Scan> scan() const {
    return std::make_shared<EventScan>(std::vector<Filter>(1), std::make_shared<const KeyList>(),
                                       std::make_shared<const std::string>(), 0, false, Options{});
  }
  // Keeps the pool's only thread until the promise is kept.
  std::promise<void> hold() {
    std::promise<void> release;
    pool_.try_submit([held = release.get_future().share()] { held.wait(); });
    return release;
  }
  bool request(const std::shared_ptr<Scan>& scan, const std::string& name) {
    return runner_->run(scan, [this, name](ScanSlice&&) { order_.push_back(name); });
  }

  test::FakeStore store_;
  SteppingClock clock_;
  std::vector<std::string> order_;
  WorkerPool pool_{"worker", 1, 100};
  std::shared_ptr<QueryRunner> runner_ =
      std::make_shared<QueryRunner>(store_, pool_, clock_, 1, 3, metrics::RelayMetrics{});
};

TEST_F(QueryRunnerTest, AQueryThatHasRunWaitsBehindNewOnes) {
  const auto old = scan();
  old->run_slice(store_, clock_);
  EXPECT_GT(old->used(), Duration::zero());
  auto release = hold();
  EXPECT_TRUE(request(old, "old"));
  EXPECT_TRUE(request(scan(), "new"));
  EXPECT_TRUE(request(scan(), "newer"));
  release.set_value();
  pool_.stop();
  EXPECT_THAT(order_, ElementsAre("new", "newer", "old"));
}

TEST_F(QueryRunnerTest, RefusesWhatDoesNotFit) {
  auto release = hold();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(request(scan(), "in"));
  EXPECT_FALSE(request(scan(), "out"));
  release.set_value();
  pool_.stop();
  EXPECT_THAT(order_, ElementsAre("in", "in", "in"));
}

TEST_F(QueryRunnerTest, RefusesWhenThePoolTakesNothing) {
  pool_.stop();
  EXPECT_FALSE(request(scan(), "out"));
  EXPECT_TRUE(order_.empty());
}

}  // namespace
}  // namespace pharos::relay
