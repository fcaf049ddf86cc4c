#include "monitor/answer.h"

#include <gmock/gmock.h>

#include "monitor/nip11_claims.h"

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

TEST(Answer, ClaimsOfTheWrongTypeAreIgnored) {
  const auto claims = parse_nip11(
      R"({"supported_nips":[1,-2,1.5,"x","01",null,99999,[1]],"limitation":{"payment_required":"yes",
          "min_pow_difficulty":-1},"tags":"cats","name":7})");
  ASSERT_TRUE(claims);
  EXPECT_THAT(claims->nips, ::testing::ElementsAre("1"));
  EXPECT_EQ(claims->payment_required, std::nullopt);
  EXPECT_EQ(claims->pow_required, false);
  EXPECT_EQ(claims->name, "");
  EXPECT_FALSE(parse_nip11("[]"));
  EXPECT_FALSE(parse_nip11(""));
  EXPECT_FALSE(parse_nip11("{\"name\":\"\xff\"}"));
  EXPECT_FALSE(parse_nip11(std::string(200'000, '[')));
}

TEST(Answer, LongListsOfClaimsAreCut) {
  std::string text = R"({"supported_nips":[)";
  for (int i = 1; i < 2'000; ++i) text += std::to_string(i) + ",";
  text += R"(0],"tags":[)";
  for (int i = 0; i < 50; ++i) text += "\"t" + std::to_string(i) + "\",";
  text += "\"\"]}";
  const auto claims = parse_nip11(text);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->nips.size(), kMaxClaimedNips);
  EXPECT_EQ(claims->topics.size(), kMaxClaimedTopics);
}

}  // namespace
}  // namespace pharos::monitor
