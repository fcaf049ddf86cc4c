#include "ingest/access_lists.h"

#include <gmock/gmock.h>

#include "support/event_builder.h"

namespace pharos::ingest {
namespace {

using test::Person;

constexpr Source kAll[] = {Source::client, Source::router, Source::import_, Source::monitor};

class AccessRulesTest : public ::testing::Test {
 protected:
  AccessRules rules() const {
    return {std::make_shared<AccessLists>(lists_), std::make_shared<FixedAccess>(fixed_), 1, trusted_};
  }
  Reason reason(const Event& event, Source source = Source::client) const {
    const auto refusal = rules().refuse(event, source, &sender_);
    if (!refusal) return Reason::none;
    EXPECT_EQ(refusal->fate, Fate::rejected);
    EXPECT_FALSE(refusal->detail.empty());
    return refusal->reason;
  }

  AccessLists lists_;
  FixedAccess fixed_;
  Sender sender_;
  std::shared_ptr<TrustedKeys> trusted_;
  Person alice_{1};
  Person bob_{2};
  Event note_ = alice_.event(1, 1'000, "hello");
};

TEST_F(AccessRulesTest, TakeEverythingWhenNothingIsListed) {
  for (const Source source : kAll) EXPECT_EQ(reason(note_, source), Reason::none);
  EXPECT_FALSE(rules().blocks("192.0.2.1:1"));
  EXPECT_FALSE(rules().conditions().restrict_writes());
}

TEST_F(AccessRulesTest, BansHoldForEverySource) {
  lists_.banned_pubkeys[alice_.key()] = "spam";
  for (const Source source : kAll) EXPECT_EQ(reason(note_, source), Reason::banned);
  lists_ = {};
  lists_.banned_events[note_.id] = "";
  for (const Source source : kAll) EXPECT_EQ(reason(note_, source), Reason::banned);
  EXPECT_EQ(reason(alice_.event(1, 1'001, "another")), Reason::none);
  lists_ = {};
  lists_.denied_kinds[1] = "";
  for (const Source source : kAll) EXPECT_EQ(reason(note_, source), Reason::kind);
}

TEST_F(AccessRulesTest, TheSettingsBanAsWell) {
  fixed_.denied_pubkeys.insert(alice_.key());
  EXPECT_EQ(reason(note_, Source::router), Reason::banned);
  fixed_ = {};
  fixed_.denied_kinds = {{1000, 1999}, {1, 1}};
  EXPECT_EQ(reason(note_, Source::import_), Reason::kind);
  EXPECT_EQ(reason(alice_.event(2, 1'000, "")), Reason::none);
}

TEST_F(AccessRulesTest, AllowListsHoldForClientsAlone) {
  lists_.allowed_pubkeys[bob_.key()] = "";
  EXPECT_TRUE(rules().conditions().restrict_writes());
  EXPECT_EQ(reason(note_), Reason::not_allowed);
  EXPECT_EQ(reason(note_, Source::router), Reason::none);
  EXPECT_EQ(reason(bob_.event(1, 1'000, "")), Reason::none);
  EXPECT_EQ(reason(alice_.event(62, 1'000, "")), Reason::none) << "NIP-62";
  fixed_.allowed_pubkeys.insert(alice_.key());
  EXPECT_EQ(reason(note_), Reason::none);
  fixed_.allowed_kinds = {{2, 3}};
  EXPECT_EQ(reason(note_), Reason::not_allowed);
  lists_.allowed_kinds[1] = "";
  EXPECT_EQ(reason(note_), Reason::none);
}

TEST_F(AccessRulesTest, ABanGoesBeforeAnAllowList) {
  lists_.allowed_pubkeys[alice_.key()] = "";
  lists_.banned_pubkeys[alice_.key()] = "";
  EXPECT_EQ(reason(note_), Reason::banned);
}

TEST_F(AccessRulesTest, AnAllowedEventIsTakenWhoeverWroteItAndWhateverItsKind) {
  lists_.banned_pubkeys[alice_.key()] = "";
  lists_.denied_kinds[1] = "";
  lists_.allowed_pubkeys[bob_.key()] = "";
  lists_.allowed_events[note_.id] = "";
  for (const Source source : kAll) EXPECT_EQ(reason(note_, source), Reason::none);
  lists_.banned_events[note_.id] = "";
  EXPECT_EQ(reason(note_), Reason::banned);
}

TEST_F(AccessRulesTest, TheExemptAreNotLockedOut) {
  fixed_.exempt.insert(alice_.key());
  lists_.allowed_pubkeys[bob_.key()] = "";
  lists_.allowed_kinds[2] = "";
  lists_.banned_pubkeys[alice_.key()] = "";
  EXPECT_EQ(reason(note_), Reason::none);
  lists_.denied_kinds[1] = "";
  EXPECT_EQ(reason(note_), Reason::kind);
}

TEST_F(AccessRulesTest, MembersAreTheKeysOfTheAllowListsAndTheExempt) {
  fixed_.members_only = MembersOnly::write;
  EXPECT_TRUE(rules().conditions().restrict_writes());
  EXPECT_EQ(reason(note_), Reason::not_allowed) << "with nobody listed";
  EXPECT_EQ(reason(note_, Source::import_), Reason::none);
  EXPECT_FALSE(rules().is_known(alice_.key()));
  lists_.allowed_pubkeys[alice_.key()] = "";
  fixed_.exempt.insert(bob_.key());
  EXPECT_TRUE(rules().is_member(alice_.key()) && rules().is_member(bob_.key()));
  EXPECT_TRUE(rules().is_known(alice_.key()));
  EXPECT_EQ(reason(note_), Reason::none);
  EXPECT_EQ(reason(bob_.event(1, 1'000, "")), Reason::none);
  lists_ = {};
  fixed_.allowed_pubkeys.insert(alice_.key());
  EXPECT_EQ(reason(note_), Reason::none);
}

TEST_F(AccessRulesTest, Nip42WritersAuthenticateAsAnybody) {
  fixed_.auth_to_write = true;
  fixed_.exempt.insert(alice_.key());
  EXPECT_TRUE(rules().conditions().restrict_writes());
  EXPECT_EQ(reason(note_), Reason::auth_required) << "of anybody, whoever wrote it";
  EXPECT_EQ(reason(note_, Source::router), Reason::none);
  EXPECT_EQ(reason(note_, Source::monitor), Reason::none);
  EXPECT_EQ(reason(alice_.event(62, 1'000, "")), Reason::none) << "NIP-62";
  sender_ = {"", std::make_shared<const std::vector<PublicKey>>()};
  EXPECT_EQ(reason(note_), Reason::auth_required);
  sender_.keys = std::make_shared<const std::vector<PublicKey>>(1, bob_.key());
  EXPECT_EQ(reason(note_), Reason::none);
  lists_.banned_pubkeys[bob_.key()] = "";
  EXPECT_EQ(reason(bob_.event(1, 1'000, "")), Reason::banned);
}

TEST_F(AccessRulesTest, Nip42IsAskedForWhereItHelps) {
  fixed_.auth_to_write = true;
  fixed_.members_only = MembersOnly::write;
  EXPECT_EQ(reason(note_), Reason::not_allowed) << "whoever authenticates, the author is no member";
  lists_.allowed_pubkeys[alice_.key()] = "";
  EXPECT_EQ(reason(note_), Reason::auth_required);
  lists_.allowed_kinds[7] = "";
  EXPECT_EQ(reason(note_), Reason::not_allowed) << "of no author";
  lists_.allowed_kinds[1] = "";
  EXPECT_EQ(reason(note_), Reason::auth_required);
  sender_.keys = std::make_shared<const std::vector<PublicKey>>(1, bob_.key());
  EXPECT_EQ(reason(note_), Reason::none);
}

TEST_F(AccessRulesTest, Nip11TellsTheConditionsOfEachSetting) {
  EXPECT_EQ(rules().conditions(), Conditions{});
  fixed_.members_only = MembersOnly::write;
  EXPECT_EQ(rules().conditions().writers, Writers::members);
  EXPECT_TRUE(rules().conditions().restrict_writes());
  EXPECT_FALSE(rules().conditions().ask_everybody_for_auth()) << "anybody reads";
  fixed_.members_only = MembersOnly::read_write;
  EXPECT_TRUE(rules().conditions().members_read && rules().conditions().auth_to_read);
  EXPECT_FALSE(rules().conditions().ask_everybody_for_auth()) << "members write without AUTH";
  fixed_ = {};
  fixed_.auth_to_write = true;
  EXPECT_TRUE(rules().conditions().restrict_writes());
  EXPECT_FALSE(rules().conditions().ask_everybody_for_auth());
  fixed_ = {};
  fixed_.trust = true;
  EXPECT_EQ(rules().conditions().writers, Writers::trusted);
  fixed_ = {};
  lists_.allowed_pubkeys[alice_.key()] = "";
  EXPECT_EQ(rules().conditions().writers, Writers::listed);
  lists_ = {};
  lists_.allowed_kinds[1] = "";
  EXPECT_TRUE(rules().conditions().listed_kinds && rules().conditions().restrict_writes());
}

TEST_F(AccessRulesTest, TheWebOfTrustPublishesOnceItIsBuilt) {
  fixed_.trust = true;
  EXPECT_TRUE(rules().conditions().restrict_writes());
  EXPECT_EQ(reason(note_), Reason::none) << "before the first is built";
  SystemRandom random;
  trusted_ = std::make_shared<TrustedKeys>(random);
  trusted_->insert(bob_.key());
  EXPECT_EQ(reason(note_), Reason::untrusted);
  EXPECT_EQ(reason(note_, Source::router), Reason::none);
  EXPECT_EQ(reason(note_, Source::import_), Reason::none);
  EXPECT_EQ(reason(bob_.event(1, 1'000, "")), Reason::none);
  EXPECT_TRUE(rules().is_known(bob_.key()));
  EXPECT_FALSE(rules().is_known(alice_.key()) || rules().is_member(bob_.key()));
  lists_.allowed_pubkeys[alice_.key()] = "";
  EXPECT_EQ(reason(note_), Reason::none) << "listed besides";
  EXPECT_EQ(reason(bob_.event(1, 1'000, "")), Reason::none);
  lists_ = {};
  fixed_.exempt.insert(alice_.key());
  EXPECT_EQ(reason(note_), Reason::none);
  fixed_.exempt.clear();
  fixed_.open_kinds = {10002};
  EXPECT_EQ(reason(alice_.event(10002, 1'000, "")), Reason::none);
  EXPECT_EQ(reason(alice_.event(62, 1'000, "")), Reason::none) << "NIP-62";
  lists_.banned_pubkeys[bob_.key()] = "";
  EXPECT_EQ(reason(bob_.event(1, 1'000, "")), Reason::banned);
}

TEST_F(AccessRulesTest, OpenKindsAreTakenFromAnyone) {
  const Event relays = alice_.event(10002, 1'000, "");
  fixed_.members_only = MembersOnly::read_write;
  fixed_.auth_to_write = true;
  EXPECT_EQ(reason(relays), Reason::not_allowed);
  fixed_.open_kinds = {10002};
  EXPECT_EQ(reason(relays), Reason::none);
  EXPECT_EQ(reason(note_), Reason::not_allowed);
  lists_.allowed_kinds[1] = "";
  EXPECT_EQ(reason(relays), Reason::not_allowed) << "kinds are another matter";
  lists_ = {};
  lists_.banned_pubkeys[alice_.key()] = "";
  EXPECT_EQ(reason(relays), Reason::banned);
}

TEST_F(AccessRulesTest, ReadersAreAnybodyOrAuthenticatedOrMembers) {
  const std::vector<PublicKey> alice{alice_.key()};
  const std::vector<PublicKey> both{bob_.key(), alice_.key()};
  EXPECT_EQ(rules().reading({}), Reading::open);
  fixed_.auth_to_read = true;
  EXPECT_EQ(rules().reading({}), Reading::auth_required);
  EXPECT_EQ(rules().reading(alice), Reading::open);
  EXPECT_FALSE(rules().conditions().ask_everybody_for_auth());
  fixed_.auth_to_write = true;
  EXPECT_TRUE(rules().conditions().ask_everybody_for_auth());
  fixed_ = {};
  fixed_.members_only = MembersOnly::write;
  EXPECT_EQ(rules().reading({}), Reading::open);
  fixed_.members_only = MembersOnly::read_write;
  EXPECT_EQ(rules().reading({}), Reading::auth_required);
  EXPECT_EQ(rules().reading(alice), Reading::restricted);
  lists_.allowed_pubkeys[bob_.key()] = "";
  EXPECT_EQ(rules().reading(alice), Reading::restricted);
  EXPECT_EQ(rules().reading(both), Reading::open);
  lists_.banned_pubkeys[bob_.key()] = "";
  EXPECT_EQ(rules().reading(both), Reading::restricted);
}

TEST_F(AccessRulesTest, Nip43RequestsAreTakenWhereTheyAreAnsweredFromClientsAlone) {
  const Event join = alice_.event(28934, 1'000, "", {{"-"}, {"claim", "x"}});
  const Event leave = alice_.event(28936, 1'000, "", {{"-"}});
  EXPECT_EQ(reason(join), Reason::membership);
  EXPECT_EQ(reason(leave), Reason::membership);
  EXPECT_EQ(reason(alice_.event(28935, 1'000, "")), Reason::membership);
  fixed_.takes_requests = true;
  fixed_.members_only = MembersOnly::read_write;
  fixed_.auth_to_write = true;
  EXPECT_EQ(reason(join), Reason::none);
  EXPECT_EQ(reason(leave), Reason::none);
  EXPECT_EQ(reason(join, Source::router), Reason::membership);
  EXPECT_EQ(reason(alice_.event(28935, 1'000, "")), Reason::membership);
  lists_.banned_pubkeys[alice_.key()] = "";
  EXPECT_EQ(reason(join), Reason::banned);
}

TEST_F(AccessRulesTest, BlockAddressesAndTheirBlocks) {
  lists_.blocked[*IpRange::parse("192.0.2.0/24")] = "";
  lists_.blocked[*IpRange::parse("2001:db8::1")] = "";
  fixed_.denied_addresses.push_back(*IpRange::parse("198.51.100.0/25"));
  EXPECT_TRUE(rules().blocks("192.0.2.9:4711"));
  EXPECT_TRUE(rules().blocks("[2001:db8::1]:4711"));
  EXPECT_TRUE(rules().blocks("198.51.100.1:1"));
  EXPECT_FALSE(rules().blocks("198.51.100.200:1"));
  EXPECT_FALSE(rules().blocks("192.0.3.9:4711"));
  EXPECT_FALSE(rules().blocks("[2001:db8::2]:4711"));
  EXPECT_FALSE(rules().blocks("nonsense"));
  lists_.blocked[*IpRange::parse("0.0.0.0/0")] = "";
  EXPECT_TRUE(rules().blocks("192.0.3.9:4711"));
  EXPECT_FALSE(rules().blocks("[2001:db8::2]:4711"));
}

TEST(AccessLists, AnEntryIsPutAndTakenOff) {
  AccessLists lists;
  const std::string key(32, 'k');
  EXPECT_TRUE(lists.apply({AccessList::banned_pubkey, key, "why"}));
  EXPECT_EQ(lists.banned_pubkeys.begin()->second, "why");
  EXPECT_EQ(lists.size(AccessList::banned_pubkey), 1U);
  EXPECT_TRUE(lists.apply({AccessList::banned_pubkey, key, std::nullopt}));
  EXPECT_EQ(lists.size(AccessList::banned_pubkey), 0U);
  EXPECT_TRUE(lists.apply({AccessList::denied_kind, std::string("\x01\x02", 2), ""}));
  EXPECT_TRUE(lists.denied_kinds.contains(0x0102));
  EXPECT_TRUE(lists.apply({AccessList::text, "name", "me"}));
  EXPECT_EQ(lists.name, "me");
  const Role role{"Mods", "those who moderate", "#ff0000", -3};
  EXPECT_TRUE(lists.apply({AccessList::role, "mod", encode_role(role)}));
  EXPECT_EQ(lists.roles.at("mod"), role);
  EXPECT_TRUE(lists.apply({AccessList::member, key + "mod", ""}));
  EXPECT_EQ(lists.members.size(), 1U);
  EXPECT_TRUE(lists.apply({AccessList::member, key + "mod", std::nullopt}));
  EXPECT_TRUE(lists.members.empty());
}

TEST(AccessLists, WhatIsNoEntryChangesNothing) {
  AccessLists lists;
  const AccessEntry bad[] = {{AccessList::banned_pubkey, "short", ""},
                             {AccessList::allowed_event, std::string(33, 'k'), ""},
                             {AccessList::allowed_kind, "1", ""},
                             {AccessList::blocked, "example.com", ""},
                             {AccessList::role, "mod", "no fields"},
                             {AccessList::role, "mod", encode_role({}) + "x"},
                             {AccessList::member, std::string(32, 'k'), ""},
                             {AccessList::text, "banner", ""},
                             {static_cast<AccessList>(99), "x", ""}};
  for (const AccessEntry& entry : bad) EXPECT_FALSE(lists.apply(entry)) << entry.key;
  for (std::uint8_t list = 1; list <= 10; ++list) EXPECT_EQ(lists.size(static_cast<AccessList>(list)), 0U);
}

TEST(AccessRules, KnownIsWhomSomebodyHereVouchedFor) {
  test::Person alice(1);
  test::Person bob(2);
  test::Person carol(3);
  test::Person dave(4);
  auto lists = std::make_shared<AccessLists>();
  lists->allowed_pubkeys[alice.key()] = "";
  auto fixed = std::make_shared<FixedAccess>();
  fixed->allowed_pubkeys.insert(bob.key());
  fixed->exempt.insert(carol.key());
  const AccessRules rules(lists, fixed, 1);
  for (const test::Person* known : {&alice, &bob, &carol}) EXPECT_TRUE(rules.is_known(known->key()));
  EXPECT_FALSE(rules.is_known(dave.key()));
  EXPECT_FALSE(AccessRules().is_known(alice.key()));
}

}  // namespace
}  // namespace pharos::ingest
