#include "relay/neg_trees.h"

#include <gmock/gmock.h>

#include "storage/store.h"
#include "support/eventually.h"
#include "support/temp_dir.h"

namespace pharos::relay {
namespace {

using testing::eventually;

// Runs at once, or has no room.
class Runner final : public SliceRunner {
 public:
  Runner(const storage::Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  bool run(std::shared_ptr<SlicedWork> work, std::function<void(ScanSlice&&)> done) override {
    if (!is_full) done(work->run_slice(store_, clock_));
    return !is_full;
  }

  bool is_full = false;

 private:
  const storage::Store& store_;
  const Clock& clock_;
};

class NegTreesTest : public ::testing::Test {
 protected:
  NegTreesTest() {
    options_.negentropy_trees = {Filter{}};
    storage::StoreOptions store_options;
    store_options.directory = directory_.path();
    store_ = std::move(storage::Store::open(store_options, clock_)).value();
    runner_ = std::make_shared<Runner>(*store_, clock_);
  }
  ~NegTreesTest() override { store_->stop(); }

  std::unique_ptr<NegTrees> trees() {
    return std::make_unique<NegTrees>(NegTrees::Services{*store_, clock_, runner_, memory_}, options_,
                                      metrics::RelayMetrics{});
  }
  static std::shared_ptr<NegTreeKeeper> find(NegTrees& trees) { return trees.find({Filter{}}, {}); }
  static bool becomes_whole(NegTrees& trees) {
    return eventually([&] { return find(trees) != nullptr && find(trees)->is_whole(); });
  }

  testing::TempDir directory_;
  ManualClock clock_{1'700'000'000};
  Options options_;
  std::shared_ptr<NegMemory> memory_ = std::make_shared<NegMemory>(1U << 20U, metrics::RelayMetrics{});
  std::unique_ptr<storage::Store> store_;
  std::shared_ptr<Runner> runner_;
};

TEST_F(NegTreesTest, TheOneOfTheFiltersIsFound) {
  const auto trees = this->trees();
  trees->start();
  EXPECT_TRUE(becomes_whole(*trees));
  EXPECT_EQ(trees->find({parse_filter(R"({"kinds":[1]})").value()}, {}), nullptr);
  options_.negentropy = false;
  EXPECT_EQ(find(*this->trees()), nullptr);
}

TEST_F(NegTreesTest, OneThatWasGivenUpIsBuiltAgainAfterAPause) {
  runner_->is_full = true;
  const auto trees = this->trees();
  trees->start();
  EXPECT_EQ(find(*trees), nullptr);
  clock_.advance(NegTrees::kFirstPause - std::chrono::seconds(1));
  EXPECT_EQ(find(*trees), nullptr);
  clock_.advance(std::chrono::seconds(1));
  find(*trees);
  EXPECT_EQ(find(*trees), nullptr) << "in vain: the next pause is longer";
  runner_->is_full = false;
  clock_.advance(NegTrees::kFirstPause);
  EXPECT_EQ(find(*trees), nullptr);
  clock_.advance(NegTrees::kFirstPause);
  EXPECT_TRUE(becomes_whole(*trees));
  EXPECT_NE(find(*trees)->view({}), nullptr);
}

TEST_F(NegTreesTest, NoneIsBuiltAgainOnceTheyAreStopped) {
  runner_->is_full = true;
  const auto trees = this->trees();
  trees->start();
  EXPECT_EQ(find(*trees), nullptr);
  trees->stop();
  clock_.advance(NegTrees::kFirstPause);
  EXPECT_EQ(find(*trees), nullptr);
}

}  // namespace
}  // namespace pharos::relay
