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
  std::string order(AccessAction action, const std::string& subject, const std::string& reason = {}) {
    const ingest::AccessRules before(std::make_shared<ingest::AccessLists>(lists_),
                                     std::make_shared<ingest::FixedAccess>(fixed_), 1);
    const auto planned = ingest::plan(before, {action, subject, reason, {}, {}}, 0);
    if (!planned) return planned.error();
    for (const ingest::AccessEntry& entry : planned.value().entries) lists_.apply(entry);
    return told(action, planned.value().subject, before, lists_);
  }

  ingest::AccessLists lists_;
  ingest::FixedAccess fixed_;
  const std::string key_ = test::Person(1).hex();
};

TEST_F(AccessWordsTest, ABanOfAKeyComesAndGoesOnce) {
  EXPECT_THAT(order(AccessAction::unban_pubkey, key_), EndsWith(key_ + " was not banned; nothing has changed."));
  EXPECT_THAT(order(AccessAction::ban_pubkey, key_), HasSubstr(key_ + " is banned now: "));
  EXPECT_THAT(order(AccessAction::ban_pubkey, key_),
              AllOf(HasSubstr(key_ + " is banned already; nothing has changed."), EndsWith("is being erased.")));
  EXPECT_THAT(order(AccessAction::ban_pubkey, key_, "spam"), HasSubstr("already; its reason is the new one now."));
  EXPECT_THAT(order(AccessAction::ban_pubkey, key_), HasSubstr("nothing has changed."));
  EXPECT_EQ(order(AccessAction::unban_pubkey, key_), "The public key " + key_ + " is no longer banned.");
}

TEST_F(AccessWordsTest, AllowingABannedKeyLiftsTheBanAndLocksNobodyOut) {
  order(AccessAction::ban_pubkey, key_);
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_),
              AllOf(HasSubstr("is no longer banned. It is not on the allow list"),
                    EndsWith("other keys away; pharos allow --only puts it there.")));
  order(AccessAction::allow_pubkey, test::Person(2).hex());
  order(AccessAction::ban_pubkey, key_);
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_),
              AllOf(HasSubstr("is on the allow list now"), EndsWith("Its ban was lifted.")));
  EXPECT_THAT(order(AccessAction::ban_pubkey, key_), EndsWith("where it does not help it."));
  EXPECT_THAT(order(AccessAction::unban_pubkey, key_), EndsWith("no longer banned. It is on the allow list."));
}

TEST_F(AccessWordsTest, TheFirstOnAnAllowListIsSaidToLockOthersOut) {
  EXPECT_EQ(order(AccessAction::allow_pubkey, key_),
            "The public key " + key_ +
                " is on the allow list now. It is the first on it: from now on nobody else may publish; pharos deny "
                "pubkey " +
                key_ + " takes it off.");
  EXPECT_THAT(order(AccessAction::allow_pubkey, test::Person(2).hex()), Not(HasSubstr("first")));
  EXPECT_THAT(order(AccessAction::allow_kind, "1"),
              HasSubstr("from now on clients may publish no other kind; pharos deny kind 1 takes it off."));
  EXPECT_THAT(order(AccessAction::allow_kind, "7"), Not(HasSubstr("first")));
  lists_ = {};
  fixed_.members_only = ingest::MembersOnly::write;
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_), Not(HasSubstr("first"))) << "others may publish nothing before";
}

TEST_F(AccessWordsTest, WhatTheSettingsBanIsSaidSo) {
  lists_.banned_pubkeys[test::Person(1).key()] = "";
  lists_.denied_kinds[7] = "";
  fixed_.denied_pubkeys.insert(test::Person(1).key());
  fixed_.denied_kinds = {{7, 7}};
  EXPECT_THAT(order(AccessAction::unban_pubkey, key_), EndsWith("still ban it, in ingest.deny_pubkeys."));
  EXPECT_THAT(order(AccessAction::unban_pubkey, key_), HasSubstr("is listed in the settings"));
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_), EndsWith("banned by the settings, in ingest.deny_pubkeys"));
  EXPECT_THAT(order(AccessAction::undisallow_kind, "7"), EndsWith("still ban it, in ingest.deny_kinds."));
  EXPECT_THAT(order(AccessAction::allow_kind, "7"), EndsWith("banned by the settings, in ingest.deny_kinds"));
}

TEST_F(AccessWordsTest, TakingAKeyOffTheAllowListIsNoBan) {
  EXPECT_THAT(order(AccessAction::unallow_pubkey, key_),
              AllOf(HasSubstr("was not on the allow list; nothing has changed."), HasSubstr("pharos ban")));
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_), HasSubstr("is on the allow list now"));
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_), HasSubstr("is on the allow list already; nothing has changed."));
  order(AccessAction::ban_pubkey, key_);
  EXPECT_THAT(order(AccessAction::allow_pubkey, key_),
              EndsWith("is no longer banned, and on the allow list as before."));
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
  EXPECT_THAT(order(AccessAction::allow_event, id), EndsWith("Its ban was lifted."));
}

TEST_F(AccessWordsTest, AllowingABannedKindLiftsTheBanAlone) {
  EXPECT_THAT(order(AccessAction::disallow_kind, "7"), HasSubstr("The kind 7 is banned now"));
  EXPECT_THAT(order(AccessAction::allow_kind, "7"), HasSubstr("It is not on the allow list"));
  EXPECT_THAT(order(AccessAction::allow_kind, "7"), HasSubstr("is on the allow list now"));
  EXPECT_THAT(order(AccessAction::unallow_kind, "7"), EndsWith("clients may publish any kind."));
  order(AccessAction::allow_kind, "7");
  EXPECT_THAT(order(AccessAction::disallow_kind, "7"), EndsWith("clients may publish any other kind."));
}

TEST_F(AccessWordsTest, AnAddressIsOneOrABlock) {
  EXPECT_THAT(order(AccessAction::block_address, "192.0.2.1"), HasSubstr("The address 192.0.2.1 is banned now"));
  EXPECT_THAT(order(AccessAction::block_address, "192.0.2.1"), HasSubstr("already"));
  EXPECT_THAT(order(AccessAction::unblock_address, "192.0.2.0/24"),
              HasSubstr("The address block 192.0.2.0/24 was not"));
}

TEST_F(AccessWordsTest, WhatElseBansAnAddressIsNamed) {
  fixed_.denied_addresses = {*IpRange::parse("10.1.2.0/25")};
  order(AccessAction::block_address, "10.0.0.0/8");
  EXPECT_THAT(order(AccessAction::block_address, "10.1.2.0/24"), EndsWith("It is banned by 10.0.0.0/8 as well."));
  EXPECT_EQ(order(AccessAction::unblock_address, "10.1.2.0/24"),
            "The address block 10.1.2.0/24 has no ban of its own any more, but is still banned by 10.0.0.0/8.");
  EXPECT_EQ(order(AccessAction::unblock_address, "10.1.2.0/24"),
            "10.1.2.0/24 has no ban of its own: it is banned by 10.0.0.0/8");
  order(AccessAction::block_address, "10.1.2.0/24");
  EXPECT_THAT(
      order(AccessAction::unblock_address, "10.0.0.0/8"),
      EndsWith(" is no longer banned. Still banned in it: 10.1.2.0/24, 10.1.2.0/25 (in relay.deny_addresses)."));
  for (int i = 0; i < 12; ++i) order(AccessAction::block_address, "192.0.2." + std::to_string(i));
  EXPECT_THAT(order(AccessAction::unblock_address, "192.0.2.0/24"),
              AllOf(HasSubstr("nothing has changed."), EndsWith("192.0.2.9 and 2 more.")));
}

}  // namespace
}  // namespace pharos::app
