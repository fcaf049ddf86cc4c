#include "relay/replies.h"

#include <gmock/gmock.h>

namespace pharos::relay {
namespace {

using ingest::Fate;
using ingest::Reason;
using ::testing::StartsWith;

std::string reply(Fate fate, Reason reason = Reason::none, std::string detail = {}) {
  std::string text;
  append_ok_reply(text, EventId{}, {fate, reason, std::move(detail)});
  const std::string head = R"(["OK",")" + EventId{}.hex() + R"(",)";
  EXPECT_THAT(text, StartsWith(head));
  return text.substr(head.size());
}

TEST(Replies, Nip01AcceptedEventsHaveAnEmptyMessage) {
  EXPECT_EQ(reply(Fate::stored), R"(true,""])");
  EXPECT_EQ(reply(Fate::ephemeral), R"(true,""])");
}

TEST(Replies, Nip01ADuplicateIsTrue) { EXPECT_THAT(reply(Fate::duplicate), StartsWith(R"(true,"duplicate: )")); }

TEST(Replies, Nip01AnOlderVersionIsFalse) {
  EXPECT_EQ(reply(Fate::replaced), R"(false,"duplicate: a newer version is stored"])");
}

TEST(Replies, EveryReasonHasAStandardPrefix) {
  for (int i = static_cast<int>(Reason::invalid_event); i <= static_cast<int>(Reason::overloaded); ++i) {
    EXPECT_THAT(reply(Fate::rejected, static_cast<Reason>(i)),
                ::testing::ContainsRegex(
                    R"(^false,"(duplicate|pow|blocked|rate-limited|invalid|restricted|error|auth-required): .)"));
  }
}

TEST(Replies, PrefixesTellWhatToDoAboutIt) {
  EXPECT_EQ(reply(Fate::rejected, Reason::deleted, "gone"), R"(false,"blocked: gone"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::banned, "you"), R"(false,"blocked: you"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::kind, "this"), R"(false,"blocked: this"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::not_allowed, "members"), R"(false,"restricted: members"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::untrusted, "who"), R"(false,"restricted: who"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::membership, "code"), R"(false,"restricted: code"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::auth_required, "who"), R"(false,"auth-required: who"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::pow, "more"), R"(false,"pow: more"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::expired, "late"), R"(false,"invalid: late"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::map_full, "full"), R"(false,"error: full"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::overloaded, "busy"), R"(false,"rate-limited: busy"])");
}

TEST(Replies, APolicyMayChooseThePrefix) {
  EXPECT_EQ(reply(Fate::rejected, Reason::policy, "no"), R"(false,"blocked: no"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::policy, "rate-limited: slow down"), R"(false,"rate-limited: slow down"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::policy, "auth-required: who are you"),
            R"(false,"auth-required: who are you"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::policy, "see: https://example.com"),
            R"(false,"blocked: see: https://example.com"])");
  EXPECT_EQ(reply(Fate::rejected, Reason::deleted, "pow: x"), R"(false,"blocked: pow: x"])") << "others do not";
}

TEST(Replies, AShadowedEventSeemsAccepted) { EXPECT_EQ(reply(Fate::shadowed, Reason::policy), reply(Fate::stored)); }

TEST(Replies, Nip42OneSpaceFollowsTheColon) {
  EXPECT_THAT(closed::kAuthRequired, StartsWith("auth-required: "));
  EXPECT_THAT(closed::kRestricted, StartsWith("restricted: "));
}

TEST(Replies, EscapesWhatPeersChose) {
  EXPECT_EQ(closed_reply("a\"b\n", "error: x"), R"(["CLOSED","a\"b\n","error: x"])");
  EXPECT_EQ(negentropy_error("\"", "error: x"), R"(["NEG-ERR","\"","error: x"])");
}

}  // namespace
}  // namespace pharos::relay
