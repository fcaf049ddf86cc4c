// What the operator is told of a change.

#include "app/access_words.h"

#include <gmock/gmock.h>

#include "support/event_builder.h"

namespace pharos::app {
namespace {

using ingest::AccessAction;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class AccessWordsTest : public ::testing::Test {
 protected:
  // Orders it: what is told, and the lists as they are then.
  std::string order(AccessAction action, const std::string& subject) {
    const ingest::AccessRules before(std::make_shared<ingest::AccessLists>(lists_),
                                     std::make_shared<ingest::FixedAccess>(fixed_), 1);
    const auto planned = ingest::plan(before, {action, subject, "", {}, {}}, 0);
    if (!planned) return planned.error();
    for (const ingest::AccessEntry& entry : planned.value().entries) lists_.apply(entry);
    return told(action, planned.value().subject, before);
  }

  ingest::AccessLists lists_;
  ingest::FixedAccess fixed_;
  const std::string key_ = test::Person(1).hex();
};

TEST_F(AccessWordsTest, ABanOfAKeyComesAndGoesOnce) {
  EXPECT_THAT(order(AccessAction::unban_pubkey, key_), EndsWith(key_ + " was not banned; nothing has changed."));
  EXPECT_THAT(order(AccessAction::ban_pubkey, key_), HasSubstr(key_ + " is banned now: "));
  EXPECT_THAT(order(AccessAction::ban_pubkey, key_), HasSubstr(key_ + " is banned already"));
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_), HasSubstr("But it is banned"));
  EXPECT_EQ(order(AccessAction::unban_pubkey, key_), "The public key " + key_ + " is no longer banned.");
}

TEST_F(AccessWordsTest, AKeyThatTheSettingsBanIsNotHelpedByTheAllowList) {
  fixed_.denied_pubkeys.insert(test::Person(1).key());
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_), HasSubstr("But it is banned"));
}

TEST_F(AccessWordsTest, TakingAKeyOffTheAllowListIsNoBan) {
  EXPECT_THAT(order(AccessAction::unallow_pubkey, key_),
              AllOf(HasSubstr("was not on the allow list; nothing has changed."), HasSubstr("pharos ban")));
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_), HasSubstr("is on the allow list now"));
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_), HasSubstr("is on the allow list already"));
  EXPECT_THAT(order(AccessAction::unallow_pubkey, key_),
              AllOf(HasSubstr("is off the allow list. That is no ban"), EndsWith("so anybody may publish.")));
  fixed_.members_only = ingest::MembersOnly::write;
  order(AccessAction::allow_pubkey, key_);
  EXPECT_THAT(order(AccessAction::unallow_pubkey, key_), Not(HasSubstr("anybody")));
}

TEST_F(AccessWordsTest, AnEventIsOnOneListOrTheOther) {
  const std::string id(64, 'a');
  EXPECT_THAT(order(AccessAction::allow_event, id), HasSubstr("is on the allow list now"));
  EXPECT_THAT(order(AccessAction::ban_event, id), AllOf(HasSubstr("is banned now"), EndsWith("off the allow list.")));
  EXPECT_THAT(order(AccessAction::allow_event, id), EndsWith("It is no longer banned."));
}

TEST_F(AccessWordsTest, AllowingABannedKindLiftsTheBanAlone) {
  EXPECT_THAT(order(AccessAction::disallow_kind, "7"), HasSubstr("The kind 7 is banned now"));
  EXPECT_THAT(order(AccessAction::allow_kind, "7"), HasSubstr("It is not on the allow list"));
  EXPECT_THAT(order(AccessAction::allow_kind, "7"), HasSubstr("is on the allow list now"));
  EXPECT_THAT(order(AccessAction::unallow_kind, "7"), EndsWith("clients may publish any kind."));
}

TEST_F(AccessWordsTest, AnAddressIsOneOrABlock) {
  EXPECT_THAT(order(AccessAction::block_address, "192.0.2.1"), HasSubstr("The address 192.0.2.1 is banned now"));
  EXPECT_THAT(order(AccessAction::block_address, "192.0.2.1"), HasSubstr("already"));
  EXPECT_THAT(order(AccessAction::unblock_address, "192.0.2.0/24"),
              HasSubstr("The address block 192.0.2.0/24 was not"));
}

}  // namespace
}  // namespace pharos::app
