#include "ingest/trust_keeper.h"

#include <atomic>

#include <gmock/gmock.h>

#include "support/event_builder.h"
#include "support/eventually.h"
#include "support/temp_dir.h"
#include "util/snapshot.h"

namespace pharos::ingest {
namespace {

using test::Person;
using testing::eventually;

constexpr UnixSeconds kNow = 1'700'000'000;

TEST(TrustedKeys, HoldManyInSome40BytesEach) {
  SeededRandom random(1);
  TrustedKeys keys(random);
  std::vector<PublicKey> all(100'000);
  for (PublicKey& key : all) random.fill(key.data);
  for (std::size_t i = 0; i < all.size() / 2; ++i) EXPECT_TRUE(keys.insert(all[i]));
  EXPECT_FALSE(keys.insert(all[7]));
  EXPECT_EQ(keys.size(), all.size() / 2);
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(keys.contains(all[i]), i < all.size() / 2) << i;
  EXPECT_LE(keys.bytes(), 41 * keys.size());
  keys.set_looked_at(10);
  EXPECT_TRUE(keys.looked_at(all[9]));
  EXPECT_FALSE(keys.looked_at(all[10]) || keys.looked_at(all.back()));
}

class TrustKeeperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StoreOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = std::uint64_t{1} << 28U;
    store_ = std::move(storage::Store::open(options, clock_).value());
    keeper_ = std::make_shared<TrustKeeper>(*store_, pool_, clock_, random_, metrics::AccessMetrics{},
                                            [this](std::shared_ptr<const TrustedKeys> keys) {
                                              shown_.set(std::move(keys));
                                              ++builds_;
                                            });
  }
  void TearDown() override {
    pool_.stop();
    store_->stop();
    keeper_.reset();
  }
  void follow(Person& who, std::initializer_list<const Person*> whom) {
    Event list;
    list.kind = 3;
    list.created_at = ++second_;
    for (const Person* one : whom) list.tags.add({"p", one->hex()});
    list.tags.add({"p", "nobody"});
    std::atomic<bool> done = false;
    ASSERT_TRUE(store_->submit({test::share(who.sign(list)), 0, [&](storage::PutOutcome outcome) {
                                  EXPECT_EQ(outcome, storage::PutOutcome::stored);
                                  done = true;
                                }}));
    ASSERT_TRUE(eventually([&] { return done.load(); }));
  }
  // Waits for as many builds in all.
  bool built(int builds) {
    return eventually([&] {
      keeper_->tick();
      return builds_ == builds;
    });
  }
  bool has(const Person& who) const { return shown_.get()->contains(who.key()); }
  TrustOptions options(unsigned depth, std::size_t max_keys = 100) const {
    return {{root_.key()}, depth, max_keys, std::chrono::milliseconds(0)};
  }

  ManualClock clock_{kNow};
  SystemRandom random_;
  testing::TempDir directory_;
  WorkerPool pool_{"worker", 1, 64};
  std::unique_ptr<storage::Store> store_;
  Snapshot<TrustedKeys> shown_{nullptr};
  std::atomic<int> builds_{0};
  UnixSeconds second_ = kNow;
  Person root_{1};
  Person near_{2};
  Person far_{3};
  Person farther_{4};
  Person stranger_{5};
  std::shared_ptr<TrustKeeper> keeper_;
};

TEST_F(TrustKeeperTest, FollowsAreCountedFromTheRoots) {
  follow(root_, {&near_});
  follow(near_, {&far_, &root_});
  follow(far_, {&farther_});
  follow(stranger_, {&root_});
  for (unsigned depth = 1; depth <= 3; ++depth) {
    keeper_->configure(options(depth));
    ASSERT_TRUE(built(static_cast<int>(depth)));
    EXPECT_TRUE(has(root_) && has(near_));
    EXPECT_EQ(has(far_), depth >= 2);
    EXPECT_EQ(has(farther_), depth >= 3);
    EXPECT_FALSE(has(stranger_));
    EXPECT_FALSE(shown_.get()->is_capped);
  }
}

TEST_F(TrustKeeperTest, ANewListOfSomebodyInItChangesIt) {
  keeper_->configure(options(2));
  ASSERT_TRUE(built(1));
  EXPECT_TRUE(has(root_)) << "who follows nobody yet";
  follow(root_, {&near_});
  ASSERT_TRUE(built(2));
  follow(near_, {&far_});
  ASSERT_TRUE(built(3));
  EXPECT_TRUE(has(far_));
  follow(far_, {&stranger_});
  follow(stranger_, {&farther_});
  follow(root_, {&farther_});
  ASSERT_TRUE(built(4)) << "those too far away, or not in it, change nothing";
  EXPECT_TRUE(has(farther_));
  EXPECT_FALSE(has(near_) || has(far_)) << "the newest list counts";
}

TEST_F(TrustKeeperTest, ThereIsAPauseBetweenBuilds) {
  TrustOptions slow = options(2);
  slow.pause = std::chrono::minutes(1);
  keeper_->configure(slow);
  ASSERT_TRUE(built(1));
  follow(root_, {&near_});
  keeper_->tick();
  EXPECT_EQ(builds_, 1);
  clock_.advance(std::chrono::minutes(1));
  ASSERT_TRUE(built(2));
  EXPECT_TRUE(has(near_));
}

TEST_F(TrustKeeperTest, ACapLeavesOutTheRest) {
  follow(root_, {&near_, &far_, &farther_});
  keeper_->configure(options(1, 3));
  ASSERT_TRUE(built(1));
  EXPECT_EQ(shown_.get()->size(), 3U);
  EXPECT_TRUE(shown_.get()->is_capped);
}

TEST_F(TrustKeeperTest, WithoutRootsThereIsNone) {
  keeper_->configure(options(1));
  ASSERT_TRUE(built(1));
  keeper_->configure({});
  ASSERT_TRUE(built(2));
  EXPECT_EQ(shown_.get(), nullptr);
}

}  // namespace
}  // namespace pharos::ingest
