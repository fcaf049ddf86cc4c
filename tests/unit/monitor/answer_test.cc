#include "monitor/answer.h"

#include <gmock/gmock.h>

namespace pharos::monitor {
namespace {

TEST(Answer, PrefixesDecideAndWordsDoNot) {
  EXPECT_EQ(judge_refusal("auth-required: log in"), Fault::auth_required);
  EXPECT_EQ(judge_refusal("restricted: members"), Fault::restricted);
  EXPECT_EQ(judge_refusal("blocked: no"), Fault::restricted);
  EXPECT_EQ(judge_refusal("pow: 28"), Fault::pow);
  EXPECT_EQ(judge_refusal("rate-limited: slow down"), Fault::rate_limited);
  EXPECT_EQ(judge_refusal("invalid: signature"), Fault::own_fault);
  EXPECT_EQ(judge_refusal("the author must pay"), Fault::refused);
  EXPECT_EQ(judge_refusal("auth-required"), Fault::refused) << "a prefix ends in a colon";
  EXPECT_EQ(judge_refusal(""), Fault::refused);
}

TEST(Answer, OnlyFewNoticesAreAnswers) {
  EXPECT_EQ(judge_notice("auth-required: log in"), Fault::auth_required);
  EXPECT_EQ(judge_notice("error: strange"), Fault::none);
  EXPECT_EQ(judge_notice("welcome"), Fault::none);
}

TEST(Answer, TextsFromPeersAreCutAndCleaned) {
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a b [31m ");
  EXPECT_EQ(printable("\xff\xfe"), "??");
  const std::string euros = [] {
    std::string out;
    for (int i = 0; i < 100; ++i) out += "\xe2\x82\xac";
    return out;
  }();
  EXPECT_EQ(printable(euros), euros.substr(0, 198)) << "cut between characters";
}

}  // namespace
}  // namespace pharos::monitor
