#include "ingest/membership.h"

#include <future>

#include <gmock/gmock.h>

#include "support/event_builder.h"
#include "support/quiet_store.h"
#include "support/temp_dir.h"

namespace pharos::ingest {
namespace {

using test::Person;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr UnixSeconds kNow = 1'700'000'000;

class InviteCodeTest : public ::testing::Test {
 protected:
  SeededRandom random_{7};
  Person alice_{1};
  Person bob_{2};
  InviteKey key_ = derive_invite_key(alice_.secret());
};

TEST_F(InviteCodeTest, TellWhoInvitedAndUntilWhen) {
  const std::string code = make_invite_code(key_, bob_.key(), kNow, random_);
  const auto invite = open_invite_code(key_, code);
  ASSERT_TRUE(invite);
  EXPECT_EQ(invite->expires, kNow);
  EXPECT_TRUE(invite->is_from(bob_.key()));
  EXPECT_FALSE(invite->is_from(alice_.key()));
  const auto another = open_invite_code(key_, make_invite_code(key_, bob_.key(), kNow, random_));
  EXPECT_NE(another->number, invite->number);
}

TEST_F(InviteCodeTest, AreMadeByNobodyElseAndNotChanged) {
  const std::string code = make_invite_code(key_, bob_.key(), kNow, random_);
  EXPECT_FALSE(open_invite_code(derive_invite_key(bob_.secret()), code));
  for (std::size_t i = 0; i < code.size(); ++i) {
    std::string changed = code;
    changed[i] = changed[i] == '0' ? '1' : '0';
    EXPECT_FALSE(open_invite_code(key_, changed)) << i;
  }
  for (const std::string& other : {std::string(), code.substr(2), code + "00", std::string(code.size(), 'g')})
    EXPECT_FALSE(open_invite_code(key_, other)) << other;
}

class MembershipTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override { store_->stop(); }

  void open() {
    storage::StoreOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = std::uint64_t{1} << 28U;
    store_ = std::move(storage::Store::open(options, clock_).value());
    moderation_ = std::move(Moderation::open(*store_, clock_).value());
    set_fixed(MayInvite::members);
    membership_ = std::make_unique<Membership>(*moderation_, clock_, random_, relay_.secret(),
                                               MembershipOptions{{"come in"}, std::chrono::hours(1), "info: welcome!"});
  }
  void reopen() {
    store_->stop();
    membership_.reset();
    moderation_.reset();
    store_.reset();
    open();
  }
  void set_fixed(MayInvite may_invite) {
    FixedAccess fixed;
    fixed.exempt.insert(admin_.key());
    fixed.allowed_pubkeys.insert(named_.key());
    fixed.members_only = MembersOnly::write;
    fixed.takes_requests = true;
    fixed.may_invite = may_invite;
    moderation_->set_fixed(std::move(fixed));
  }
  Verdict take(const Event& request) {
    std::promise<Verdict> verdict;
    membership_->take(test::share(request), [&verdict](const Verdict& told) { verdict.set_value(told); });
    return verdict.get_future().get();
  }
  Verdict join(Person& who, const std::string& code) {
    return take(who.event(28934, clock_.unix_now(), "", {{"-"}, {"claim", code}}));
  }
  Verdict leave(Person& who) { return take(who.event(28936, clock_.unix_now(), "", {{"-"}})); }
  std::string invite(Person& who) { return std::string(*membership_->invite(who.key()).first("claim")); }
  bool is_member(Person& who) const { return moderation_->rules()->get()->is_member(who.key()); }

  ManualClock clock_{kNow};
  SeededRandom random_{3};
  Person relay_{9};
  Person admin_{1};
  Person named_{2};
  Person alice_{3};
  Person bob_{4};
  Person carol_{5};
  testing::TempDir directory_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<Moderation> moderation_;
  std::unique_ptr<Membership> membership_;
};

TEST_F(MembershipTest, Nip43ACodeOfTheSettingsLetsAnybodyInOverARestart) {
  const Verdict joined = join(alice_, "come in");
  EXPECT_EQ(joined.fate, Fate::ephemeral);
  EXPECT_EQ(joined.detail, "info: welcome!");
  EXPECT_TRUE(is_member(alice_));
  EXPECT_EQ(join(bob_, "come in").fate, Fate::ephemeral);
  const Verdict again = join(alice_, "whatever");
  EXPECT_EQ(again.fate, Fate::duplicate);
  EXPECT_THAT(again.detail, HasSubstr("already a member"));
  EXPECT_EQ(moderation_->audit().back().actor, alice_.hex());
  reopen();
  EXPECT_TRUE(is_member(alice_));
}

TEST_F(MembershipTest, Nip43OtherCodesLetNobodyIn) {
  for (const char* code : {"", "come", "come in!", "COME IN"}) {
    const Verdict refused = join(alice_, code);
    EXPECT_EQ(refused.reason, Reason::membership) << code;
    EXPECT_THAT(refused.detail, HasSubstr("invalid invite code"));
  }
  EXPECT_EQ(take(alice_.event(28934, kNow, "", {{"-"}})).reason, Reason::membership);
  EXPECT_FALSE(is_member(alice_));
  membership_->configure({});
  EXPECT_EQ(join(alice_, "come in").reason, Reason::membership);
}

TEST_F(MembershipTest, Nip43RequestsAreOfThisMoment) {
  EXPECT_EQ(take(alice_.event(28934, kNow - 301, "", {{"-"}, {"claim", "come in"}})).reason, Reason::created_at_old);
  EXPECT_EQ(take(alice_.event(28934, kNow + 301, "", {{"-"}, {"claim", "come in"}})).reason, Reason::created_at_future);
  EXPECT_FALSE(is_member(alice_));
  EXPECT_EQ(take(alice_.event(28934, kNow - 299, "", {{"-"}, {"claim", "come in"}})).fate, Fate::ephemeral);
}

TEST_F(MembershipTest, Nip43AnInviteLetsOneInOverARestart) {
  const std::string code = invite(named_);
  reopen();
  EXPECT_EQ(join(alice_, code).fate, Fate::ephemeral);
  EXPECT_THAT(moderation_->audit().front().reason, HasSubstr(named_.hex()));
  const Verdict second = join(bob_, code);
  EXPECT_EQ(second.reason, Reason::membership);
  EXPECT_THAT(second.detail, HasSubstr("used"));
  reopen();
  EXPECT_EQ(join(bob_, code).reason, Reason::membership);
  EXPECT_EQ(join(bob_, invite(alice_)).fate, Fate::ephemeral) << "who joined may invite";
}

TEST_F(MembershipTest, Nip43AnInviteExpires) {
  const std::string code = invite(named_);
  clock_.advance(std::chrono::hours(1) + std::chrono::seconds(1));
  EXPECT_THAT(join(alice_, code).detail, HasSubstr("expired"));
}

TEST_F(MembershipTest, Nip43AnInviteIsWorthNothingWhenItsInviterMayNotInvite) {
  ASSERT_EQ(join(alice_, "come in").fate, Fate::ephemeral);
  const std::string of_alice = invite(alice_);
  const std::string of_admin = invite(admin_);
  set_fixed(MayInvite::admins);
  EXPECT_EQ(join(bob_, of_alice).reason, Reason::membership);
  EXPECT_EQ(join(bob_, of_admin).fate, Fate::ephemeral);
  set_fixed(MayInvite::nobody);
  EXPECT_EQ(join(carol_, invite(admin_)).reason, Reason::membership);
  set_fixed(MayInvite::members);
  ASSERT_EQ(leave(alice_).fate, Fate::ephemeral);
  EXPECT_EQ(join(carol_, of_alice).reason, Reason::membership);
}

TEST_F(MembershipTest, Nip43MembersLeaveWithTheirRoles) {
  ASSERT_EQ(join(alice_, "come in").fate, Fate::ephemeral);
  std::promise<void> assigned;
  moderation_->submit({AccessAction::create_role, "mod", "", "", {"Mods", "", "", 0}}, "operator", [](auto) {});
  moderation_->submit({AccessAction::assign_role, alice_.hex(), "", "mod", {}}, "operator",
                      [&assigned](const auto&) { assigned.set_value(); });
  assigned.get_future().wait();
  EXPECT_EQ(leave(bob_).fate, Fate::duplicate);
  EXPECT_EQ(take(alice_.event(28936, kNow, "")).reason, Reason::invalid_event) << "without its tag";
  const Verdict left = leave(alice_);
  EXPECT_EQ(left.fate, Fate::ephemeral);
  EXPECT_THAT(left.detail, StartsWith("info: "));
  EXPECT_FALSE(is_member(alice_));
  EXPECT_TRUE(moderation_->rules()->get()->lists().members.empty());
  EXPECT_EQ(moderation_->audit().front().action, "unallowpubkey");
}

TEST_F(MembershipTest, WhomTheSettingsNameTheyDoNotLetGo) {
  EXPECT_EQ(leave(named_).reason, Reason::membership);
  EXPECT_EQ(leave(admin_).reason, Reason::membership);
  EXPECT_TRUE(is_member(named_) && is_member(admin_));
}

}  // namespace
}  // namespace pharos::ingest
