#include "ingest/membership.h"

#include <atomic>
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
    membership_ =
        std::make_unique<Membership>(*moderation_, clock_, random_, relay_.secret(),
                                     MembershipOptions{{"come in"}, std::chrono::hours(1), "info: welcome!"}, metrics_);
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
  void unallow(Person& who) {
    std::promise<bool> kept;
    moderation_->submit({AccessAction::unallow_pubkey, who.hex(), "", {}, {}}, "operator",
                        [&kept](const auto& done) { kept.set_value(done.has_value()); });
    EXPECT_TRUE(kept.get_future().get());
  }
  std::vector<AuditEntry> requests() const { return moderation_->audit(AuditRing::requests); }
  bool is_member(Person& who) const { return moderation_->rules()->get()->is_member(who.key()); }

  ManualClock clock_{kNow};
  SeededRandom random_{3};
  std::atomic<std::uint64_t> limited_{0};
  metrics::AccessMetrics metrics_ = [this] {
    metrics::AccessMetrics metrics;
    metrics.requests_limited = metrics::Counter(&limited_);
    return metrics;
  }();
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
  EXPECT_EQ(requests().back().actor, alice_.hex());
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
  EXPECT_THAT(requests().front().reason, HasSubstr(named_.hex()));
  const Verdict second = join(bob_, code);
  EXPECT_EQ(second.reason, Reason::membership);
  EXPECT_THAT(second.detail, HasSubstr("used"));
  reopen();
  EXPECT_EQ(join(bob_, code).reason, Reason::membership);
  EXPECT_EQ(join(bob_, invite(alice_)).fate, Fate::ephemeral) << "who joined may invite";
}

TEST_F(MembershipTest, Nip43AnInviteStaysSpentWhateverBecomesOfItsMember) {
  const std::string left = invite(named_);
  ASSERT_EQ(join(alice_, left).fate, Fate::ephemeral);
  ASSERT_EQ(leave(alice_).fate, Fate::ephemeral);
  const std::string taken_off = invite(named_);
  ASSERT_EQ(join(alice_, taken_off).fate, Fate::ephemeral);
  unallow(alice_);
  const std::string held = invite(named_);
  ASSERT_EQ(join(alice_, held).fate, Fate::ephemeral);
  for (int restarts = 0; restarts < 2; ++restarts) {
    for (const std::string& code : {left, taken_off, held}) {
      const Verdict refused = join(bob_, code);
      EXPECT_EQ(refused.reason, Reason::membership);
      EXPECT_THAT(refused.detail, HasSubstr("used already"));
    }
    reopen();
  }
  EXPECT_EQ(moderation_->rules()->get()->lists().spent_invites.size(), 3U);
  clock_.advance(std::chrono::hours(1) + std::chrono::seconds(kSpentMargin + 1));
  EXPECT_THAT(join(bob_, left).detail, HasSubstr("expired"));
  ASSERT_EQ(leave(alice_).fate, Fate::ephemeral);
  EXPECT_TRUE(moderation_->rules()->get()->lists().spent_invites.empty());
  reopen();
  EXPECT_TRUE(moderation_->rules()->get()->lists().spent_invites.empty());
}

TEST_F(MembershipTest, Nip43OfTwoWithOneInviteOneGetsIn) {
  const std::string code = invite(named_);
  std::promise<Verdict> first;
  std::promise<Verdict> second;
  const auto ask = [&](Person& who, std::promise<Verdict>& verdict) {
    membership_->take(test::share(who.event(28934, kNow, "", {{"-"}, {"claim", code}})),
                      [&verdict](const Verdict& told) { verdict.set_value(told); });
  };
  ask(alice_, first);
  ask(bob_, second);
  EXPECT_EQ(first.get_future().get().fate, Fate::ephemeral);
  EXPECT_THAT(second.get_future().get().detail, HasSubstr("used already"));
  EXPECT_FALSE(is_member(bob_));
}

TEST_F(MembershipTest, Nip43NobodyJoinsAndLeavesAllDay) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(join(bob_, "come in").fate, Fate::ephemeral);
    EXPECT_EQ(leave(bob_).fate, Fate::ephemeral);
  }
  EXPECT_EQ(join(bob_, "come in").reason, Reason::rate_limited);
  EXPECT_EQ(join(carol_, "come in").fate, Fate::ephemeral) << "others may";
  clock_.advance(std::chrono::minutes(6));
  EXPECT_EQ(join(bob_, "come in").fate, Fate::ephemeral);
}

TEST_F(MembershipTest, Nip43NobodyLetsInMoreThanTheirShare) {
  for (std::uint64_t i = 0; i < Membership::kLetInByOnePerson.burst; ++i) {
    Person guest(1'000 + i);
    ASSERT_EQ(join(guest, invite(named_)).fate, Fate::ephemeral) << i;
    clock_.advance(std::chrono::milliseconds(500));
  }
  for (std::uint64_t i = 0; i < 2 * Membership::kOfOnePerson.burst; ++i)
    ASSERT_EQ(join(bob_, invite(named_)).reason, Reason::rate_limited);
  EXPECT_EQ(join(bob_, invite(admin_)).fate, Fate::ephemeral) << "it was not the guest who asked too often";
}

TEST_F(MembershipTest, Nip43RequestsHaveARateThatWhatComesToNothingDoesNotUseUp) {
  for (std::uint64_t i = 0; i < 2 * Membership::kRequestBurst; ++i) {
    ASSERT_EQ(join(carol_, "wrong").reason, Reason::membership);
    ASSERT_EQ(leave(carol_).fate, Fate::duplicate);
  }
  for (std::uint64_t i = 0; i < Membership::kRequestBurst; i += 2) {
    Person somebody(100 + i);
    ASSERT_EQ(join(somebody, "come in").fate, Fate::ephemeral);
    ASSERT_EQ(leave(somebody).fate, Fate::ephemeral);
  }
  const Verdict refused = join(bob_, "come in");
  EXPECT_EQ(refused.reason, Reason::rate_limited);
  EXPECT_THAT(refused.detail, HasSubstr("try again in 1 s"));
  EXPECT_FALSE(is_member(bob_));
  EXPECT_EQ(limited_.load(), 1U);
  clock_.advance(std::chrono::milliseconds(500));
  EXPECT_EQ(join(bob_, "come in").fate, Fate::ephemeral);
  EXPECT_EQ(leave(bob_).reason, Reason::rate_limited);
  EXPECT_TRUE(moderation_->audit().empty()) << "what administrators did is kept apart";
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
  EXPECT_EQ(requests().front().action, "leave");
  EXPECT_EQ(requests().size(), 2U) << "one change each";
}

TEST_F(MembershipTest, WhomTheSettingsNameTheyDoNotLetGo) {
  EXPECT_EQ(leave(named_).reason, Reason::membership);
  EXPECT_EQ(leave(admin_).reason, Reason::membership);
  EXPECT_TRUE(is_member(named_) && is_member(admin_));
}

}  // namespace
}  // namespace pharos::ingest
