#include "storage/retention_notice.h"

#include <gmock/gmock.h>

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
  static constexpr std::chrono::minutes kPause{60};

  // The names of the rules that wait since.
  std::vector<std::string> take(const RetentionRules& rules, std::uint64_t max_size = 0) {
    const auto waiting = notice_.take(rules, max_size, now_, kPause);
    size_waits_ = waiting.size;
    std::vector<std::string> names;
    for (const RetentionRule& rule : waiting.rules) names.push_back(rule.name);
    return names;
  }
  bool may(const RetentionRule& rule) const { return notice_.may_erase(rule, now_); }

  RetentionNotice notice_;
  SteadyTime now_{std::chrono::hours(100)};
  bool size_waits_ = false;
};

TEST_F(NoticeTest, TheRulesOfTheStartEraseAtOnce) {
  EXPECT_THAT(take({rule_of(1, 10)}, 100), IsEmpty());
  EXPECT_FALSE(size_waits_);
  EXPECT_TRUE(may(rule_of(1, 10)));
  EXPECT_TRUE(notice_.may_erase_for_size(now_));
}

TEST_F(NoticeTest, WhatIsNewOrChangedWaitsAndNothingElse) {
  take({rule_of(1, 10), rule_of(2, 10)});
  EXPECT_THAT(take({rule_of(1, 10), rule_of(2, 5), rule_of(3, 10)}), ElementsAre("2", "3"));
  EXPECT_TRUE(may(rule_of(1, 10)));
  EXPECT_FALSE(may(rule_of(2, 5)) || may(rule_of(3, 10)));
  now_ += kPause / 2;
  RetentionRule renamed = rule_of(3, 10);
  renamed.name = "other";
  EXPECT_THAT(take({rule_of(1, 10), rule_of(2, 5), renamed}), IsEmpty()) << "it has been told";
  now_ += kPause / 2;
  EXPECT_TRUE(may(rule_of(2, 5)) && may(renamed));
}

TEST_F(NoticeTest, WithoutOneThatKeepsAllOthersWait) {
  take({rule_of(1, 10), rule_of(2, 0)}, 100);
  EXPECT_THAT(take({rule_of(1, 10), rule_of(2, 0), rule_of(3, 0)}, 100), IsEmpty());
  EXPECT_THAT(take({rule_of(1, 10), rule_of(3, 0)}, 100), ElementsAre("1"));
  EXPECT_TRUE(size_waits_);
  EXPECT_FALSE(may(rule_of(1, 10)) || notice_.may_erase_for_size(now_));
  now_ += kPause;
  EXPECT_TRUE(may(rule_of(1, 10)) && notice_.may_erase_for_size(now_));
}

TEST_F(NoticeTest, WhatWaitsDoesNotWaitLongerForEachChangeOfWhatIsKept) {
  take({rule_of(1, 10), rule_of(2, 0)}, 100);
  EXPECT_THAT(take({rule_of(1, 10), rule_of(3, 0)}, 100), ElementsAre("1"));
  now_ += kPause / 2;
  EXPECT_THAT(take({rule_of(1, 10), rule_of(4, 0)}, 100), IsEmpty());
  EXPECT_FALSE(size_waits_);
  now_ += kPause / 2;
  EXPECT_TRUE(may(rule_of(1, 10)) && notice_.may_erase_for_size(now_));
}

TEST_F(NoticeTest, ASmallerSizeWaits) {
  take({});
  take({}, 100);
  EXPECT_TRUE(size_waits_);
  now_ += kPause;
  EXPECT_TRUE(notice_.may_erase_for_size(now_));
  take({}, 200);
  EXPECT_FALSE(size_waits_);
  EXPECT_TRUE(notice_.may_erase_for_size(now_));
  take({}, 150);
  EXPECT_FALSE(notice_.may_erase_for_size(now_));
}

}  // namespace
}  // namespace pharos::storage
