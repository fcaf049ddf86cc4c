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

}  // namespace
}  // namespace pharos::monitor
