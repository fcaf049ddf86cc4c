#include "storage/retention_notice.h"

#include <gmock/gmock.h>

#include "storage/retention_notice_store.h"

namespace pharos::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RetentionRule rule_of(Kind kind, int max_age) {
  RetentionRule rule;
  rule.name = std::to_string(kind);
  rule.filters.emplace_back().kinds = {kind};
  rule.max_age = std::chrono::seconds(max_age);
  rule.keep = max_age == 0;
  return rule;
}

class NoticeTest : public ::testing::Test {
 protected:
  static constexpr std::chrono::seconds kPause{3'600};

  static std::vector<std::string> names(const RetentionRules& rules) {
    std::vector<std::string> out;
    for (const RetentionRule& rule : rules) out.push_back(rule.name);
    return out;
  }
  // The names of the rules that wait since.
  std::vector<std::string> take(const RetentionRules& rules, std::uint64_t max_size = 0) {
    news_ = notice_.take(rules, max_size, now_, kPause);
    return names(news_.rules);
  }
  // The settings of a start that has nothing to wait for.
  void begin(const RetentionRules& rules, std::uint64_t max_size = 0) {
    notice_.take(rules, max_size, now_, std::chrono::seconds(0));
  }
  std::vector<std::string> in_force() const { return names(notice_.rules_in_force(now_)); }
  std::uint64_t size() const { return notice_.max_size_in_force(now_); }

  RetentionNotice notice_;
  RetentionNotice::News news_;
  UnixSeconds now_ = 1'800'000'000;
};

TEST_F(NoticeTest, WithoutAPauseAllIsInForceAtOnce) {
  begin({rule_of(1, 10), rule_of(7, 0)}, 100);
  EXPECT_THAT(in_force(), ElementsAre("1", "7"));
  EXPECT_EQ(size(), 100U);
  EXPECT_THAT(notice_.waiting(now_), IsEmpty());
}

TEST_F(NoticeTest, WhatIsNewOrChangedWaitsAndNothingElse) {
  begin({rule_of(1, 10), rule_of(2, 10)});
  EXPECT_THAT(take({rule_of(1, 10), rule_of(2, 5), rule_of(3, 10)}), ElementsAre("2", "3"));
  EXPECT_THAT(in_force(), ElementsAre("1"));
  now_ += kPause.count() / 2;
  RetentionRule renamed = rule_of(3, 10);
  renamed.name = "other";
  EXPECT_THAT(take({rule_of(1, 10), rule_of(2, 5), renamed}), IsEmpty()) << "it has been told";
  const auto waiting = notice_.waiting(now_);
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[1].name, "other");
  EXPECT_EQ(waiting[1].until, now_ + kPause.count() / 2);
  now_ += kPause.count() / 2;
  EXPECT_THAT(in_force(), ElementsAre("1", "2", "other"));
  EXPECT_THAT(notice_.waiting(now_), IsEmpty());
}

TEST_F(NoticeTest, WhatARuleKeptIsKeptForThePauseAfterItIsGone) {
  begin({rule_of(1, 10), rule_of(2, 0)});
  EXPECT_THAT(take({rule_of(1, 10), rule_of(3, 0)}), IsEmpty());
  EXPECT_THAT(names(news_.no_longer_kept), ElementsAre("2"));
  EXPECT_THAT(in_force(), ::testing::UnorderedElementsAre("1", "2", "3"));
  now_ += kPause.count() / 2;
  take({rule_of(1, 10), rule_of(4, 0)});
  EXPECT_THAT(names(news_.no_longer_kept), ElementsAre("3"));
  now_ += kPause.count() / 2;
  EXPECT_THAT(in_force(), ::testing::UnorderedElementsAre("1", "3", "4"));
  take({rule_of(1, 10), rule_of(3, 0)});
  now_ += kPause.count();
  EXPECT_THAT(in_force(), ElementsAre("1", "3")) << "it was taken back in time";
}

TEST_F(NoticeTest, WhatIsNoLongerKeptIsNotToldOfWhereNothingErases) {
  begin({rule_of(1, 10), rule_of(2, 0)});
  take({rule_of(1, 10)});
  EXPECT_EQ(notice_.waiting(now_).size(), 1U);
  take({});
  EXPECT_THAT(notice_.waiting(now_), IsEmpty());
}

TEST_F(NoticeTest, ASmallerSizeWaitsAndTheOneBeforeItHoldsUntilThen) {
  begin({}, 100);
  take({}, 50);
  EXPECT_TRUE(news_.size);
  EXPECT_EQ(size(), 100U);
  take({}, 50);
  EXPECT_FALSE(news_.size);
  now_ += kPause.count();
  EXPECT_EQ(size(), 50U);
  take({}, 200);
  EXPECT_EQ(size(), 200U);
  take({}, 150);
  EXPECT_TRUE(news_.size);
  EXPECT_EQ(size(), 200U);
  take({}, 0);
  EXPECT_EQ(size(), 0U);
}

TEST_F(NoticeTest, ASizeThatIsSetBackToTheOneInForceDoesNotWait) {
  begin({}, 100);
  take({}, 50);
  take({}, 100);
  EXPECT_FALSE(news_.size);
  EXPECT_EQ(size(), 100U);
  EXPECT_THAT(notice_.waiting(now_), IsEmpty());
}

TEST_F(NoticeTest, AnOtherSizeThatIsNoStricterThanTheOneThatWaitsWaitsNoLonger) {
  begin({}, 100);
  take({}, 50);
  now_ += kPause.count() / 2;
  take({}, 60);
  EXPECT_FALSE(news_.size);
  now_ += kPause.count() / 2;
  EXPECT_EQ(size(), 60U);
}

TEST_F(NoticeTest, AShorterPauseHoldsForWhatWaitsAlready) {
  begin({});
  take({rule_of(1, 10)});
  now_ += 3;
  notice_.take({rule_of(1, 10)}, 0, now_, std::chrono::seconds(5));
  EXPECT_THAT(in_force(), IsEmpty());
  now_ += 2;
  EXPECT_THAT(in_force(), ElementsAre("1"));
}

TEST_F(NoticeTest, AClockThatIsSetBackDoesNotShortenTheWait) {
  begin({});
  take({rule_of(1, 10)}, 50);
  const UnixSeconds until = now_ + kPause.count();
  now_ -= 86'400;
  take({rule_of(1, 10)}, 50);
  now_ = until - 1;
  take({rule_of(1, 10)}, 50);
  EXPECT_THAT(in_force(), IsEmpty());
  EXPECT_EQ(size(), 0U);
  now_ = until;
  EXPECT_THAT(in_force(), ElementsAre("1"));
  EXPECT_EQ(size(), 50U);
}

TEST_F(NoticeTest, ARestartKnowsWhatWaitsAndWhatIsKept) {
  begin({rule_of(1, 10), rule_of(2, 0)}, 100);
  RetentionRule quoted = rule_of(3, 0);
  quoted.name = "\"kept\"\n";
  take({rule_of(1, 5), quoted}, 50);
  now_ += kPause.count() / 2;
  const auto again = RetentionNotice::decode(notice_.encode());
  ASSERT_TRUE(again);
  notice_ = *again;
  EXPECT_THAT(take({rule_of(1, 5), quoted}, 50), IsEmpty());
  EXPECT_FALSE(news_.size);
  EXPECT_THAT(news_.no_longer_kept, IsEmpty());
  EXPECT_THAT(in_force(), ::testing::UnorderedElementsAre("2", quoted.name));
  EXPECT_EQ(size(), 100U);
  now_ += kPause.count() / 2;
  EXPECT_THAT(in_force(), ElementsAre("1", quoted.name));
  EXPECT_EQ(size(), 50U);
}

TEST_F(NoticeTest, WhatIsNoNoticeIsNotTakenForOne) {
  const std::string size = "size 0 0 0\n";
  EXPECT_TRUE(RetentionNotice::decode(size));
  for (const std::string& bytes :
       {std::string(), std::string("size 0 0"), std::string("size 0 0 x\n"), std::string("rule 1 a\n"),
        size + "rule a b\n", size + "kept x 61\t{}\n", size + "kept - 6\t{}\n", size + "kept - 61\t{\n",
        size + "pause x\n", size + "other\n"}) {
    EXPECT_FALSE(RetentionNotice::decode(bytes)) << bytes;
  }
}

}  // namespace
}  // namespace pharos::storage
