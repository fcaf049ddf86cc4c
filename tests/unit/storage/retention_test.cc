#include "storage/retention.h"

#include <gmock/gmock.h>

#include "nostr/kind.h"
#include "storage/info.h"
#include "storage/retention_keeper.h"
#include "storage/txn.h"
#include "support/eventually.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using storage::RetentionKeeper;
using storage::RetentionOptions;
using storage::RetentionRule;
using storage::RetentionRules;
using ::testing::ElementsAre;
using testing::eventually;
using ::testing::IsEmpty;

constexpr UnixSeconds kNow = 1'800'000'000;  // of the harness
constexpr UnixSeconds kDay = 86'400;

Event make(Kind kind, UnixSeconds created_at, std::size_t key = 0) {
  return unsigned_event({kind, "x", {}, created_at, key});
}

RetentionRule rule_about(std::vector<Kind> kinds) {
  RetentionRule rule;
  rule.name = "rule";
  Filter filter;
  if (!kinds.empty()) filter.kinds = std::move(kinds);
  rule.filters = {filter};
  return rule;
}

RetentionRule keeping(Filter filter) {
  RetentionRule rule;
  rule.name = "kept";
  rule.filters = {std::move(filter)};
  rule.keep = true;
  return rule;
}

std::shared_ptr<const RetentionRules> shared(RetentionRules rules) {
  return std::make_shared<const RetentionRules>(std::move(rules));
}

std::vector<std::uint64_t> forecast(StoreHarness& harness, RetentionRules rules) {
  const auto nobody = [](std::uint64_t) { return true; };
  std::vector<std::uint64_t> counts;
  for (const auto& one : forecast_retention(harness.store(), shared(std::move(rules)), harness.clock(), nobody))
    counts.push_back(one.events);
  return counts;
}

TEST(Retention, AgeIsOverWhenItIsOlderThanTheBound) {
  RetentionRule rule = rule_about({1});
  rule.max_age = std::chrono::seconds(kDay);
  EXPECT_FALSE(storage::is_outlived(make(1, kNow - kDay), {rule}, kNow));
  EXPECT_TRUE(storage::is_outlived(make(1, kNow - kDay - 1), {rule}, kNow));
  EXPECT_FALSE(storage::is_outlived(make(7, kNow - kDay - 1), {rule}, kNow));
  Filter of_author;
  of_author.authors = {public_key(0)};
  EXPECT_FALSE(storage::is_outlived(make(1, kNow - kDay - 1), {rule, keeping(of_author)}, kNow));
  EXPECT_TRUE(storage::is_outlived(make(1, kNow - kDay - 1, 1), {rule, keeping(of_author)}, kNow));
}

TEST(Retention, ForecastCountsWhatEachRuleWouldErase) {
  StoreHarness harness;
  for (int i = 0; i < 10; ++i) harness.put(make(1, kNow - i * kDay));
  for (int i = 0; i < 4; ++i) harness.put(make(7, kNow - i, 1));
  RetentionRule old = rule_about({1});
  old.max_age = std::chrono::seconds(5 * kDay);
  RetentionRule many = rule_about({});
  many.max_events = 12;
  RetentionRule of_each = rule_about({});
  of_each.max_events_per_author = 3;
  EXPECT_THAT(forecast(harness, {old, many, of_each}), ElementsAre(4, 2, 8));
  Filter reactions;
  reactions.kinds = {7};
  EXPECT_THAT(forecast(harness, {of_each, keeping(reactions)}), ElementsAre(7));
}

TEST(Retention, BoundsOfOneRuleHoldTogether) {
  StoreHarness harness;
  for (int i = 0; i < 10; ++i) harness.put(make(1, kNow - i * kDay));
  RetentionRule rule = rule_about({1});
  rule.max_age = std::chrono::seconds(7 * kDay);
  rule.max_events = 9;
  EXPECT_THAT(forecast(harness, {rule}), ElementsAre(2));
}

class KeeperTest : public ::testing::Test {
 protected:
  // Between two passes by the real clock, while that of the rules stands.
  static constexpr std::chrono::milliseconds kInterval{5};
  static constexpr std::chrono::seconds kPause{1'000};

  static RetentionOptions every_moment() {
    RetentionOptions options;
    options.interval = kInterval;
    options.notice = kPause;
    return options;
  }
  std::unique_ptr<RetentionKeeper> keeper(RetentionOptions options) {
    options.size_step = std::chrono::milliseconds(5);
    metrics::StorageMetrics metrics;
    metrics.retention_timestamp = metrics::Gauge(&last_pass_);
    metrics.retention_waiting = metrics::Gauge(&waiting_);
    return std::make_unique<RetentionKeeper>(harness_.store(), harness_.clock(), std::move(options), metrics,
                                             in_force_);
  }
  void passes(int count) {
    for (int pass = 0; pass < count; ++pass) {
      last_pass_ = 0;
      ASSERT_TRUE(eventually([&] { return last_pass_ != 0; }));
    }
  }
  static std::vector<std::string> names(const RetentionRules& rules) {
    std::vector<std::string> out;
    for (const RetentionRule& rule : rules) out.push_back(rule.name);
    return out;
  }
  bool holds(const Event& event) { return harness_.store().contains(event.id); }

  std::atomic<std::int64_t> last_pass_{0};
  std::atomic<std::int64_t> waiting_{0};
  const std::shared_ptr<Snapshot<RetentionRules>> in_force_ =
      std::make_shared<Snapshot<RetentionRules>>(std::make_shared<const RetentionRules>());
  StoreHarness harness_{[] {
    storage::StoreOptions options;
    options.expire_interval = std::chrono::milliseconds(5);
    return options;
  }()};
};

TEST_F(KeeperTest, ErasesByTheFirstRulesAtOnceAndByNewOnesAPassLater) {
  RetentionRule rule = rule_about({1});
  rule.max_age = std::chrono::seconds(kDay);
  RetentionOptions options = every_moment();
  options.rules = shared({rule});
  const auto keeper = this->keeper(options);
  const Event old = make(1, kNow - 2 * kDay);
  const Event young = make(1, kNow - kDay / 2);
  const Event other = make(7, kNow - kDay / 2);
  for (const Event& event : {old, young, other}) harness_.put(event);
  EXPECT_TRUE(eventually([&] { return !holds(old); }));
  EXPECT_TRUE(holds(young));
  RetentionRule second = rule_about({7});
  second.max_age = std::chrono::seconds(1);
  rule.max_age = std::chrono::seconds(1);
  options.rules = shared({rule, second});
  keeper->reconfigure(options);
  passes(2);
  EXPECT_TRUE(holds(young) && holds(other));
  EXPECT_EQ(waiting_, 2);
  EXPECT_THAT(names(*in_force_->get()), IsEmpty()) << "what is refused on entry waits as well";
  second.max_age = std::chrono::seconds(0);
  second.keep = true;
  options.rules = shared({rule, second});
  keeper->reconfigure(options);
  harness_.clock().advance(kPause);
  EXPECT_TRUE(eventually([&] { return !holds(young); }));
  EXPECT_TRUE(holds(other)) << "taken back in time";
  EXPECT_EQ(waiting_, 0);
}

TEST_F(KeeperTest, ARuleThatComesWithARestartWaitsAndItsWaitOutlivesTheNext) {
  const Event old = make(1, kNow - 2 * kDay);
  harness_.put(old);
  RetentionRule rule = rule_about({1});
  rule.max_age = std::chrono::seconds(kDay);
  RetentionOptions options = every_moment();
  options.rules = shared({rule});
  auto keeper = this->keeper(options);
  passes(2);
  EXPECT_TRUE(holds(old));
  ASSERT_EQ(keeper->waiting().size(), 1U);
  const UnixSeconds until = keeper->waiting().front().until;
  keeper.reset();
  harness_.reopen();
  keeper = this->keeper(options);
  ASSERT_EQ(keeper->waiting().size(), 1U);
  EXPECT_EQ(keeper->waiting().front().until, until);
  harness_.clock().advance(kPause);
  EXPECT_TRUE(eventually([&] { return !holds(old); }));
}

TEST_F(KeeperTest, ErasesWhatCameFirstUntilTheSizeIsWithinItsBound) {
  Outcomes outcomes;
  const Event first = make(1, kNow);
  const Event profile = make(kind::kProfile, kNow);
  const Event kept = make(7, kNow);
  for (const Event& event : {profile, kept, first}) harness_.put(event);
  const std::string text(2'000, 'x');
  std::vector<Event> notes;
  for (int i = 0; i < 3'000; ++i) notes.push_back(unsigned_event({1, text + std::to_string(i), {}, kNow - i, 0}));
  for (const Event& note : notes) harness_.submit(note, outcomes);
  outcomes.wait_for(notes.size());
  harness_.reopen();
  const auto used = [&] {
    const auto txn = harness_.store().read();
    const auto info = storage::read_info(txn.value(), harness_.store().tables());
    return info.used_bytes - info.free_page_bytes;
  };
  const std::uint64_t before = used();
  ASSERT_GT(before, 4'000'000U);
  Filter reactions;
  reactions.kinds = {7};
  RetentionOptions options = every_moment();
  options.rules = shared({keeping(reactions)});
  options.max_size_bytes = before / 2;
  const auto keeper = this->keeper(options);
  passes(2);
  EXPECT_TRUE(holds(first)) << "it waits, as the database is not new";
  harness_.clock().advance(kPause);
  EXPECT_TRUE(eventually([&] { return used() <= options.max_size_bytes; }, std::chrono::seconds(60)));
  EXPECT_FALSE(holds(first));
  EXPECT_TRUE(holds(profile));
  EXPECT_TRUE(holds(kept));
  EXPECT_TRUE(holds(notes.back()));
}

TEST_F(KeeperTest, StopsWhileASweepIsUnderWay) {
  RetentionRule rule = rule_about({1});
  rule.max_age = std::chrono::seconds(1);
  RetentionOptions options;
  options.rules = shared({rule});
  const auto keeper = this->keeper(options);
  Outcomes outcomes;
  const Event first = make(1, kNow - kDay);
  harness_.put(first);
  for (int i = 1; i < 2'000; ++i) harness_.submit(make(1, kNow - kDay - i), outcomes);
  outcomes.wait_for(1'999);
  keeper->reconfigure(options);
  EXPECT_TRUE(eventually([&] { return !holds(first); }));
  keeper->stop();
}

TEST_F(KeeperTest, OtherSettingsAreInForceAtOnceButForWhatHasToWait) {
  RetentionOptions options;
  RetentionRule rule = rule_about({1});
  rule.max_age = std::chrono::seconds(kDay);
  options.rules = shared({rule});
  const auto keeper = this->keeper(options);
  EXPECT_THAT(names(*in_force_->get()), ElementsAre("rule"));
  Filter reactions;
  reactions.kinds = {7};
  RetentionRule second = rule_about({2});
  second.name = "second";
  second.max_age = std::chrono::seconds(1);
  options.rules = shared({rule, keeping(reactions), second});
  keeper->reconfigure(options);
  EXPECT_THAT(names(*in_force_->get()), ElementsAre("rule", "kept"));
  ASSERT_EQ(keeper->waiting().size(), 1U);
  EXPECT_EQ(keeper->waiting().front().until, kNow + 3'600);
  options.rules = shared({});
  keeper->reconfigure(options);
  EXPECT_THAT(names(*in_force_->get()), ElementsAre("kept"));
}

}  // namespace
}  // namespace pharos::test
