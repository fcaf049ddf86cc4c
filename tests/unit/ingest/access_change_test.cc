#include "ingest/access_change.h"

#include <array>
#include <set>

#include <gmock/gmock.h>

#include "nostr/nip19.h"
#include "support/event_builder.h"

namespace pharos::ingest {
namespace {

using test::Person;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AccessChangeTest : public ::testing::Test {
 protected:
  AccessRules rules() const {
    return {std::make_shared<AccessLists>(lists_), std::make_shared<FixedAccess>(fixed_), 1};
  }
  // What is erased for it; ADD_FAILURE when it is refused.
  std::vector<Filter> apply(const AccessChange& change) {
    const auto planned = plan(rules(), change, now_);
    if (!planned) {
      ADD_FAILURE() << planned.error();
      return {};
    }
    for (const AccessEntry& entry : planned.value().entries) EXPECT_TRUE(lists_.apply(entry));
    return planned.value().erased;
  }
  std::string refusal(const AccessChange& change) const {
    const auto planned = plan(rules(), change, now_);
    return planned ? "" : planned.error();
  }
  static AccessChange of(AccessAction action, std::string subject, std::string reason = {}) {
    return {action, std::move(subject), std::move(reason), {}, {}};
  }

  AccessChange join(const Person& who, std::optional<Invite> invite = std::nullopt) const {
    AccessChange change = of(AccessAction::join, who.hex(), "invited");
    change.invite = std::move(invite);
    return change;
  }
  static Invite invite(std::string number, UnixSeconds expires) { return {expires, std::move(number), {}}; }

  UnixSeconds now_ = 1'700'000'000;
  AccessLists lists_;
  FixedAccess fixed_;
  Person alice_{1};
  Person bob_{2};
};

TEST_F(AccessChangeTest, EveryActionHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kAccessActions; ++i) {
    const auto action = static_cast<AccessAction>(i);
    EXPECT_TRUE(names.insert(name(action)).second) << name(action);
    EXPECT_EQ(access_action(name(action)), is_request(action) ? std::nullopt : std::optional(action));
  }
  EXPECT_FALSE(access_action("stats"));
}

TEST_F(AccessChangeTest, ABannedKeyIsListedWithItsReasonAndItsEventsGo) {
  const auto erased = apply(of(AccessAction::ban_pubkey, encode_npub(alice_.key()), "spam"));
  EXPECT_EQ(lists_.banned_pubkeys.at(alice_.key()), "spam");
  ASSERT_EQ(erased.size(), 1U);
  EXPECT_EQ(erased[0].authors, std::vector{alice_.key()});
  EXPECT_FALSE(erased[0].ids);
  EXPECT_THAT(apply(of(AccessAction::unban_pubkey, alice_.hex())), IsEmpty());
  EXPECT_THAT(lists_.banned_pubkeys, IsEmpty());
}

TEST_F(AccessChangeTest, ABannedEventGoesAndAnAllowedOneIsBannedNoLonger) {
  const Event note = alice_.event(1, 1'000, "");
  const auto erased = apply(of(AccessAction::ban_event, encode_note(note.id)));
  ASSERT_EQ(erased.size(), 1U);
  EXPECT_EQ(erased[0].ids, std::vector{note.id});
  EXPECT_THAT(apply(of(AccessAction::allow_event, note.id.hex())), IsEmpty());
  EXPECT_TRUE(lists_.banned_events.empty());
  EXPECT_TRUE(lists_.allowed_events.contains(note.id));
  apply(of(AccessAction::ban_event, note.id.hex()));
  EXPECT_TRUE(lists_.allowed_events.empty());
}

TEST_F(AccessChangeTest, AllowingAKindTakesItsDenialBackWithoutDenyingAllOthers) {
  apply(of(AccessAction::disallow_kind, "7"));
  EXPECT_TRUE(lists_.denied_kinds.contains(7));
  apply(of(AccessAction::allow_kind, "7"));
  EXPECT_TRUE(lists_.denied_kinds.empty());
  EXPECT_TRUE(lists_.allowed_kinds.empty());
  apply(of(AccessAction::allow_kind, "1"));
  EXPECT_TRUE(lists_.allowed_kinds.contains(1));
  apply(of(AccessAction::disallow_kind, "7"));
  apply(of(AccessAction::allow_kind, "7"));
  EXPECT_TRUE(lists_.allowed_kinds.contains(7));
  apply(of(AccessAction::disallow_kind, "1"));
  EXPECT_FALSE(lists_.allowed_kinds.contains(1));
  EXPECT_TRUE(lists_.denied_kinds.contains(1));
}

TEST_F(AccessChangeTest, SubjectsThatAreNoneAreNamed) {
  EXPECT_THAT(refusal(of(AccessAction::ban_pubkey, "xyz")), HasSubstr("\"xyz\" is neither 64"));
  EXPECT_THAT(refusal(of(AccessAction::ban_pubkey, std::string(64, 'A'))), HasSubstr("neither 64 lower-case"));
  EXPECT_THAT(refusal(of(AccessAction::ban_event, encode_npub(alice_.key()))), HasSubstr("nor a note"));
  EXPECT_THAT(refusal(of(AccessAction::allow_kind, "65536")), HasSubstr("is no kind"));
  EXPECT_THAT(refusal(of(AccessAction::allow_kind, "-1")), HasSubstr("is no kind"));
  EXPECT_THAT(refusal(of(AccessAction::block_address, "example.com")), HasSubstr("neither an IP address"));
  EXPECT_THAT(refusal(of(AccessAction::block_address, "\xff")), HasSubstr("UTF-8"));
}

TEST_F(AccessChangeTest, TheExemptAreNotBanned) {
  fixed_.exempt.insert(alice_.key());
  EXPECT_THAT(refusal(of(AccessAction::ban_pubkey, alice_.hex())), HasSubstr("the relay's own key"));
}

TEST_F(AccessChangeTest, WhatTheSettingsSayIsNotLiftedHere) {
  fixed_.denied_pubkeys.insert(alice_.key());
  fixed_.denied_kinds = {{5, 8}};
  fixed_.denied_addresses = {*IpRange::parse("192.0.2.0/24")};
  EXPECT_THAT(refusal(of(AccessAction::unban_pubkey, alice_.hex())), HasSubstr("ingest.deny_pubkeys"));
  EXPECT_THAT(refusal(of(AccessAction::allow_kind, "7")), HasSubstr("ingest.deny_kinds"));
  EXPECT_THAT(refusal(of(AccessAction::unblock_address, "192.0.2.1")), HasSubstr("relay.deny_addresses"));
}

TEST_F(AccessChangeTest, NobodyBlocksWhatOthersComeThrough) {
  fixed_.spared_addresses = {*IpRange::parse("127.0.0.1"), *IpRange::parse("::1"), *IpRange::parse("10.1.0.0/16")};
  for (const char* own : {"127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "::1", "::/0", "10.1.2.3", "10.0.0.0/8"})
    EXPECT_THAT(refusal(of(AccessAction::block_address, own)), HasSubstr("relay.trusted_proxies")) << own;
  for (const char* other : {"127.0.0.2", "10.2.0.0/16", "::2"})
    EXPECT_EQ(refusal(of(AccessAction::block_address, other)), "") << other;
  fixed_.spared_addresses = {*IpRange::parse("0.0.0.0/0")};
  EXPECT_EQ(refusal(of(AccessAction::block_address, "192.0.2.1")), "") << "everybody is trusted";
  EXPECT_NE(refusal(of(AccessAction::block_address, "0.0.0.0/0")), "");
}

TEST_F(AccessChangeTest, WhoIsTakenOffTheAllowListLosesTheRoles) {
  apply({AccessAction::create_role, "mod", {}, {}, {"Mods", "", "", 0}});
  for (const Person* who : {&alice_, &bob_}) {
    apply(of(AccessAction::allow_pubkey, who->hex()));
    apply({AccessAction::assign_role, who->hex(), {}, "mod", {}});
  }
  apply(of(AccessAction::unallow_pubkey, alice_.hex()));
  EXPECT_FALSE(lists_.members.contains(alice_.key()));
  apply(of(AccessAction::allow_pubkey, alice_.hex()));
  EXPECT_FALSE(lists_.members.contains(alice_.key())) << "nor are they back with the key";
  fixed_.exempt.insert(bob_.key());
  apply(of(AccessAction::unallow_pubkey, bob_.hex()));
  EXPECT_TRUE(lists_.members.contains(bob_.key())) << "a member all the same";
}

TEST_F(AccessChangeTest, AnAddressInABlockIsUnblockedWithIt) {
  apply(of(AccessAction::block_address, "192.0.2.9/24", "noise"));
  EXPECT_EQ(lists_.blocked.begin()->first.text(), "192.0.2.0/24");
  EXPECT_THAT(refusal(of(AccessAction::unblock_address, "192.0.2.1")), HasSubstr("banned by 192.0.2.0/24"));
  apply(of(AccessAction::unblock_address, "192.0.2.0/24"));
  EXPECT_TRUE(lists_.blocked.empty());
}

TEST_F(AccessChangeTest, ABlockGoesWhateverElseCoversIt) {
  for (const char* block : {"10.0.0.0/8", "10.1.2.0/24", "192.0.2.0/24"}) apply(of(AccessAction::block_address, block));
  fixed_.denied_addresses = {*IpRange::parse("192.0.0.0/16")};
  apply(of(AccessAction::unblock_address, "10.1.2.0/24"));
  apply(of(AccessAction::unblock_address, "192.0.2.0/24"));
  EXPECT_EQ(lists_.blocked.size(), 1U);
  EXPECT_THAT(refusal(of(AccessAction::unblock_address, "192.0.2.0/24")),
              HasSubstr("192.0.0.0/16 (in relay.deny_addresses)"));
}

TEST_F(AccessChangeTest, AReasonStaysUntilAnotherIsGiven) {
  const Event note = alice_.event(1, 1'000, "");
  const std::vector<std::pair<AccessAction, std::string>> bans{
      {AccessAction::ban_pubkey, alice_.hex()}, {AccessAction::ban_event, note.id.hex()},
      {AccessAction::disallow_kind, "7"},       {AccessAction::block_address, "192.0.2.0/24"},
      {AccessAction::allow_pubkey, bob_.hex()}, {AccessAction::allow_kind, "1"}};
  const auto reasons = [this, &note] {
    return std::vector{
        lists_.banned_pubkeys.at(alice_.key()), lists_.banned_events.at(note.id),      lists_.denied_kinds.at(7),
        lists_.blocked.begin()->second,         lists_.allowed_pubkeys.at(bob_.key()), lists_.allowed_kinds.at(1)};
  };
  for (const char* reason : {"spam", "", "more spam"}) {
    for (const auto& [action, subject] : bans) apply(of(action, subject, reason));
    EXPECT_THAT(reasons(), ::testing::Each(std::string(reason).empty() ? "spam" : reason));
  }
}

TEST_F(AccessChangeTest, WhatIsSoAlreadyIsNoChange) {
  const std::string id = alice_.event(1, 1'000, "").id.hex();
  lists_.spent_invites["old"] = 0;
  AccessChange member = of(AccessAction::assign_role, alice_.hex());
  member.role_id = "mod";
  const std::vector<std::pair<AccessChange, AccessChange>> pairs{
      {of(AccessAction::ban_pubkey, alice_.hex(), "spam"), of(AccessAction::unban_pubkey, alice_.hex())},
      {of(AccessAction::ban_event, id), of(AccessAction::unban_event, id)},
      {of(AccessAction::disallow_kind, "7"), of(AccessAction::undisallow_kind, "7")},
      {of(AccessAction::allow_kind, "1"), of(AccessAction::unallow_kind, "1")},
      {of(AccessAction::allow_event, id), of(AccessAction::unallow_event, id)},
      {of(AccessAction::block_address, "192.0.2.0/24"), of(AccessAction::unblock_address, "192.0.2.0/24")},
      {of(AccessAction::change_name, "mine"), of(AccessAction::change_name, "")}};
  for (const auto& [change, back] : pairs) {
    EXPECT_THAT(plan(rules(), back, now_).value().entries, IsEmpty()) << name(back.action);
    apply(change);
    EXPECT_THAT(plan(rules(), change, now_).value().entries, IsEmpty()) << name(change.action);
    apply(back);
  }
  apply({AccessAction::create_role, "mod", {}, {}, {"Mods", "", "", 0}});
  EXPECT_THAT(plan(rules(), {AccessAction::edit_role, "mod", {}, {}, {"Mods", "", "", 0}}, now_).value().entries,
              IsEmpty());
  apply(member);
  EXPECT_THAT(plan(rules(), member, now_).value().entries, IsEmpty());
}

TEST_F(AccessChangeTest, ToAllowLiftsTheBanAndLocksNobodyOut) {
  apply(of(AccessAction::ban_pubkey, alice_.hex()));
  apply(of(AccessAction::allow_pubkey, alice_.hex()));
  EXPECT_THAT(lists_.banned_pubkeys, IsEmpty());
  EXPECT_THAT(lists_.allowed_pubkeys, IsEmpty()) << "all others may publish still";
  apply(of(AccessAction::allow_pubkey, bob_.hex()));
  apply(of(AccessAction::ban_pubkey, alice_.hex()));
  apply(of(AccessAction::allow_pubkey, alice_.hex()));
  EXPECT_THAT(lists_.banned_pubkeys, IsEmpty());
  EXPECT_EQ(lists_.allowed_pubkeys.size(), 2U);
  lists_ = {};
  fixed_.members_only = MembersOnly::write;
  apply(of(AccessAction::ban_pubkey, alice_.hex()));
  apply(of(AccessAction::allow_pubkey, alice_.hex()));
  EXPECT_TRUE(lists_.allowed_pubkeys.contains(alice_.key())) << "the list asks nobody else for anything";
}

TEST_F(AccessChangeTest, ACommandThatIsGivenTwiceLocksNobodyOut) {
  const std::array<std::array<AccessAction, 2>, 2> pairs{{{AccessAction::ban_pubkey, AccessAction::allow_pubkey},
                                                          {AccessAction::disallow_kind, AccessAction::allow_kind}}};
  for (const auto& [ban, allow] : pairs) {
    const bool is_kind = allow == AccessAction::allow_kind;
    AccessChange change = of(allow, is_kind ? "7" : alice_.hex());
    change.first_allowed = FirstAllowed::refused;
    apply(of(ban, change.subject));
    apply(change);
    EXPECT_THAT(refusal(change), HasSubstr("would keep all others")) << "the ban was lifted by the first one";
    EXPECT_FALSE(rules().refuse(bob_.event(1, now_, ""), Source::client));
    change.first_allowed = FirstAllowed::listed;
    apply(of(ban, change.subject));
    apply(change);
    EXPECT_TRUE(rules().refuse(bob_.event(1, now_, ""), Source::client)) << "it was asked for";
    change.first_allowed = FirstAllowed::refused;
    change.subject = is_kind ? "8" : bob_.hex();
    EXPECT_EQ(refusal(change), "") << "the second one needs no such word";
    lists_ = {};
  }
  fixed_.members_only = MembersOnly::write;
  AccessChange member = of(AccessAction::allow_pubkey, alice_.hex());
  member.first_allowed = FirstAllowed::refused;
  EXPECT_EQ(refusal(member), "") << "nobody else may publish as it is";
}

TEST_F(AccessChangeTest, ABanLeavesAKeyOnTheAllowList) {
  apply(of(AccessAction::allow_pubkey, alice_.hex()));
  apply(of(AccessAction::ban_pubkey, alice_.hex()));
  EXPECT_TRUE(rules().refuse(bob_.event(1, now_, ""), Source::client)) << "the last one's ban opens no door";
}

TEST_F(AccessChangeTest, RolesAreMadeGivenAndTakenAwayWithTheirMembers) {
  AccessChange role = of(AccessAction::create_role, "mod");
  role.role = {"Mods", "moderate", "#00ff00", 1};
  EXPECT_THAT(refusal(of(AccessAction::edit_role, "mod")), HasSubstr("no role"));
  apply(role);
  EXPECT_THAT(refusal(role), HasSubstr("there is a role"));
  role.action = AccessAction::edit_role;
  role.role.label = "Moderators";
  apply(role);
  EXPECT_EQ(lists_.roles.at("mod").label, "Moderators");
  AccessChange member = of(AccessAction::assign_role, alice_.hex());
  member.role_id = "nobody";
  EXPECT_THAT(refusal(member), HasSubstr("no role"));
  member.role_id = "mod";
  apply(member);
  EXPECT_EQ(lists_.members.at(alice_.key()), std::set<std::string>{"mod"});
  member.action = AccessAction::unassign_role;
  apply(member);
  EXPECT_THAT(refusal(member), HasSubstr("does not have the role"));
  member.action = AccessAction::assign_role;
  apply(member);
  apply(of(AccessAction::delete_role, "mod"));
  EXPECT_TRUE(lists_.roles.empty());
  EXPECT_TRUE(lists_.members.empty());
}

TEST_F(AccessChangeTest, TextsGoBackToTheSettingWhenEmpty) {
  apply(of(AccessAction::change_name, "my relay"));
  apply(of(AccessAction::change_icon, "https://example.com/icon.png"));
  apply(of(AccessAction::change_description, "a description"));
  EXPECT_EQ(lists_.name, "my relay");
  EXPECT_EQ(lists_.icon, "https://example.com/icon.png");
  EXPECT_EQ(lists_.description, "a description");
  EXPECT_THAT(refusal(of(AccessAction::change_name, std::string(31, 'x'))), HasSubstr("longer than 30"));
  for (const char* other : {"icon.png", "javascript:alert(1)", "file:///etc/passwd", "https://"})
    EXPECT_THAT(refusal(of(AccessAction::change_icon, other)), HasSubstr("no address of an image")) << other;
  EXPECT_THAT(refusal(of(AccessAction::change_description, std::string(5'000, 'x'))), HasSubstr("longer than 4096"));
  apply(of(AccessAction::change_name, ""));
  EXPECT_FALSE(lists_.name);
}

TEST_F(AccessChangeTest, AFullListSaysSo) {
  for (std::size_t i = 0; i < max_entries(AccessList::denied_kind); ++i) lists_.denied_kinds[static_cast<Kind>(i)] = "";
  EXPECT_THAT(refusal(of(AccessAction::disallow_kind, "60000")), HasSubstr("denied kinds is full: it has 1000"));
  EXPECT_EQ(refusal(of(AccessAction::disallow_kind, "7", "another reason")), "");
  EXPECT_THAT(refusal(of(AccessAction::disallow_kind, "7", std::string(501, 'x'))), HasSubstr("longer than 500"));
}

TEST_F(AccessChangeTest, AJoinSpendsItsCodeWhicheverWayTheMemberGoes) {
  apply(join(alice_, invite("a1", now_ + 60)));
  EXPECT_EQ(lists_.allowed_pubkeys.at(alice_.key()), "invited");
  EXPECT_EQ(lists_.spent_invites.at("a1"), now_ + 60);
  EXPECT_THAT(refusal(join(alice_, invite("b2", now_ + 60))), HasSubstr("already a member"));
  EXPECT_THAT(refusal(join(bob_, invite("a1", now_ + 60))), HasSubstr("used already"));
  apply(of(AccessAction::unallow_pubkey, alice_.hex()));
  EXPECT_THAT(refusal(join(bob_, invite("a1", now_ + 60))), HasSubstr("used already"));
  EXPECT_THAT(refusal(join(bob_, invite("c3", now_ - 1))), HasSubstr("expired"));
  apply(join(bob_));
  apply(of(AccessAction::leave, bob_.hex()));
  EXPECT_THAT(lists_.allowed_pubkeys, IsEmpty());
}

TEST_F(AccessChangeTest, SpentCodesAreForgottenOnceTheyHaveExpiredForADay) {
  for (std::size_t i = 0; i < kForgottenAtOnce + 5; ++i) lists_.spent_invites["old " + std::to_string(i)] = now_ - 1;
  lists_.spent_invites["good"] = now_ + 3600;
  apply(of(AccessAction::ban_pubkey, alice_.hex()));
  EXPECT_EQ(lists_.spent_invites.size(), kForgottenAtOnce + 6) << "a clock that is set back a little revives none";
  now_ += kSpentMargin;
  apply(of(AccessAction::unban_pubkey, alice_.hex()));
  EXPECT_EQ(lists_.spent_invites.size(), 6U) << "some at once";
  apply(of(AccessAction::ban_pubkey, alice_.hex()));
  EXPECT_EQ(lists_.spent_invites.size(), 1U) << "the one whose day is not over";
}

TEST_F(AccessChangeTest, WhereTooManyCodesAreSpentNoOtherLetsAnybodyIn) {
  for (std::size_t i = 0; i < max_entries(AccessList::spent_invite); ++i)
    lists_.spent_invites[std::to_string(i)] = now_ + 60;
  EXPECT_THAT(refusal(join(alice_, invite("new", now_ + 60))), HasSubstr("spent invite codes is full"));
  EXPECT_EQ(refusal(join(alice_)), "") << "a code of the settings";
  lists_.spent_invites["7"] = now_ - kSpentMargin - 1;
  EXPECT_EQ(refusal(join(alice_, invite("new", now_ + 60))), "") << "in the place of one that expired";
}

TEST_F(AccessChangeTest, WhoLeavesLosesTheirRolesInTheSameChange) {
  lists_.allowed_pubkeys[alice_.key()] = "";
  lists_.roles["mod"] = {};
  lists_.roles["king"] = {};
  lists_.members[alice_.key()] = {"mod", "king"};
  lists_.members[bob_.key()] = {"mod"};
  apply(of(AccessAction::leave, alice_.hex()));
  EXPECT_THAT(lists_.allowed_pubkeys, IsEmpty());
  EXPECT_EQ(lists_.members.size(), 1U);
  EXPECT_TRUE(lists_.members.contains(bob_.key()));
  EXPECT_THAT(refusal(of(AccessAction::leave, alice_.hex())), HasSubstr("no member"));
}

TEST_F(AccessChangeTest, WhomTheSettingsNameThoseNeverLeave) {
  lists_.allowed_pubkeys[alice_.key()] = "";
  fixed_.allowed_pubkeys.insert(alice_.key());
  fixed_.exempt.insert(bob_.key());
  EXPECT_THAT(refusal(of(AccessAction::leave, alice_.hex())), HasSubstr("settings of this relay name you"));
  EXPECT_THAT(refusal(of(AccessAction::leave, bob_.hex())), HasSubstr("settings of this relay name you"));
}

TEST_F(AccessChangeTest, JoinsLeaveRoomForAdministrators) {
  SeededRandom random(1);
  const std::size_t most = max_entries(AccessList::allowed_pubkey) - kKeptForAdministrators;
  while (lists_.allowed_pubkeys.size() < most) {
    PublicKey key;
    random.fill(key.data);
    lists_.allowed_pubkeys[key] = "";
  }
  EXPECT_THAT(refusal(join(alice_)), HasSubstr("as many members as it takes"));
  EXPECT_EQ(refusal(of(AccessAction::allow_pubkey, alice_.hex())), "");
  lists_.allowed_pubkeys.erase(lists_.allowed_pubkeys.begin());
  EXPECT_EQ(refusal(join(alice_)), "");
}

}  // namespace
}  // namespace pharos::ingest
