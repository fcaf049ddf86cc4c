#include "ingest/moderation.h"

#include <deque>
#include <future>

#include <gmock/gmock.h>

#include "storage/snapshot.h"
#include "storage/tables.h"
#include "storage/txn.h"
#include "support/event_builder.h"
#include "support/quiet_store.h"
#include "support/temp_dir.h"

namespace pharos::ingest {
namespace {

using test::Person;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ModerationTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override { store_->stop(); }

  void open() {
    storage::StoreOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = std::uint64_t{1} << 28U;
    store_ = std::move(storage::Store::open(options, clock_).value());
    moderation_ = std::move(Moderation::open(*store_, clock_).value());
  }
  void reopen() {
    store_->stop();
    moderation_.reset();
    store_.reset();
    open();
  }
  Result<Moderation::Changed, Moderation::Failure> submit(AccessAction action, const std::string& subject,
                                                          const std::string& reason = {}) {
    std::promise<Result<Moderation::Changed, Moderation::Failure>> promise;
    auto future = promise.get_future();
    moderation_->submit({action, subject, reason, {}, {}}, "operator",
                        [&promise](auto done) { promise.set_value(std::move(done)); });
    return future.get();
  }
  std::shared_ptr<const AccessRules> rules() const { return moderation_->rules()->get(); }

  ManualClock clock_;
  testing::TempDir directory_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<Moderation> moderation_;
  Person alice_{1};
};

TEST_F(ModerationTest, AChangeIsKeptWithItsAuditOverARestart) {
  const auto done = submit(AccessAction::ban_pubkey, alice_.hex(), "spam");
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(done.value().subject, alice_.hex());
  EXPECT_THAT(done.value().before->lists().banned_pubkeys, IsEmpty());
  EXPECT_THAT(done.value().after->banned_pubkeys, SizeIs(1));
  ASSERT_TRUE(submit(AccessAction::block_address, "192.0.2.0/24"));
  ASSERT_TRUE(submit(AccessAction::change_name, "mine"));
  const auto audit = moderation_->audit();
  ASSERT_THAT(audit, SizeIs(3));
  EXPECT_EQ(audit[2], (AuditEntry{1, clock_.unix_now(), "operator", "banpubkey", alice_.hex(), "spam"}));
  reopen();
  EXPECT_EQ(rules()->lists().banned_pubkeys.at(alice_.key()), "spam");
  EXPECT_TRUE(rules()->blocks("192.0.2.3:1"));
  EXPECT_EQ(rules()->lists().name, "mine");
  EXPECT_EQ(moderation_->audit(), audit);
  ASSERT_TRUE(submit(AccessAction::unban_pubkey, alice_.hex()));
  EXPECT_EQ(moderation_->audit().front().number, 4U);
  reopen();
  EXPECT_THAT(rules()->lists().banned_pubkeys, IsEmpty());
}

TEST_F(ModerationTest, WhatMayStayNoLongerIsErasedOnceTheBanIsKept) {
  int changes = 0;
  std::vector<Filter> erased;
  moderation_->set_listeners([&] { ++changes; },
                             [&](std::vector<Filter> filters) {
                               for (Filter& filter : filters) erased.push_back(std::move(filter));
                             });
  ASSERT_TRUE(submit(AccessAction::ban_pubkey, alice_.hex()));
  ASSERT_THAT(erased, SizeIs(1));
  EXPECT_EQ(erased[0].authors, std::vector{alice_.key()});
  EXPECT_EQ(changes, 1);
  EXPECT_FALSE(submit(AccessAction::ban_pubkey, "nobody"));
  EXPECT_EQ(changes, 1);
}

TEST_F(ModerationTest, ARefusedChangeLeavesNoTrace) {
  const auto done = submit(AccessAction::ban_pubkey, "nobody");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault, Moderation::Fault::invalid);
  EXPECT_THAT(moderation_->audit(), IsEmpty());
}

TEST_F(ModerationTest, WhatChangesNothingIsNotWrittenDown) {
  int changes = 0;
  std::size_t erased = 0;
  moderation_->set_listeners([&] { ++changes; }, [&](const std::vector<Filter>& filters) { erased += filters.size(); });
  ASSERT_TRUE(submit(AccessAction::ban_pubkey, alice_.hex(), "spam"));
  const auto again = submit(AccessAction::ban_pubkey, alice_.hex());
  ASSERT_TRUE(again);
  EXPECT_EQ(again.value().after, again.value().before->shared_lists());
  EXPECT_EQ(again.value().subject, alice_.hex());
  ASSERT_TRUE(submit(AccessAction::unban_pubkey, Person(2).hex()));
  EXPECT_THAT(moderation_->audit(), SizeIs(1));
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(erased, 2U) << "a sweep that was too much at first is asked for by the same words";
  ASSERT_TRUE(submit(AccessAction::ban_pubkey, alice_.hex(), "more spam"));
  EXPECT_THAT(moderation_->audit(), SizeIs(2));
  EXPECT_EQ(rules()->lists().banned_pubkeys.at(alice_.key()), "more spam");
}

TEST_F(ModerationTest, TheSettingsAreMergedInAndReplacedWhole) {
  ASSERT_TRUE(submit(AccessAction::disallow_kind, "7"));
  FixedAccess fixed;
  fixed.denied_pubkeys.insert(alice_.key());
  moderation_->set_fixed(fixed);
  EXPECT_TRUE(rules()->refuse(alice_.event(1, 1, ""), Source::router));
  EXPECT_TRUE(rules()->lists().denied_kinds.contains(7));
  moderation_->set_fixed({});
  EXPECT_FALSE(rules()->refuse(alice_.event(1, 1, ""), Source::router));
}

TEST_F(ModerationTest, TheAuditIsBounded) {
  std::size_t done = 0;
  std::promise<void> all;
  for (std::size_t i = 0; i < kMaxAuditEntries + 5; ++i) {
    std::promise<void> one;
    moderation_->submit({AccessAction::change_name, std::to_string(i), {}, {}, {}}, "operator", [&](auto result) {
      EXPECT_TRUE(result);
      ++done;
      one.set_value();
    });
    one.get_future().wait();
  }
  EXPECT_EQ(done, kMaxAuditEntries + 5);
  EXPECT_THAT(moderation_->audit(), SizeIs(kMaxAuditEntries));
  reopen();
  const auto audit = moderation_->audit();
  EXPECT_THAT(audit, SizeIs(kMaxAuditEntries));
  EXPECT_EQ(audit.front().number, kMaxAuditEntries + 5);
}

TEST_F(ModerationTest, RequestsPushNothingOutThatAnAdministratorDid) {
  const AuditEntry first{1, 100, "operator", "banpubkey", alice_.hex(), "spam"};
  const AuditEntry last{kMaxAuditEntries, 200, "bob", "leave", "bob", ""};
  std::promise<bool> written;
  ASSERT_TRUE(store_->submit_update(
      [&](storage::WriteTxn& txn) {
        return write_access(txn, {}, AuditRing::changes, first) && write_access(txn, {}, AuditRing::requests, first) &&
               write_access(txn, {}, AuditRing::requests, last);
      },
      [&written](bool is_written) { written.set_value(is_written); }));
  ASSERT_TRUE(written.get_future().get());
  reopen();
  ASSERT_TRUE(submit(AccessAction::join, alice_.hex()));
  ASSERT_TRUE(submit(AccessAction::ban_pubkey, Person(2).hex()));
  reopen();
  const auto requests = moderation_->audit(AuditRing::requests);
  ASSERT_THAT(requests, SizeIs(2)) << "the first is gone";
  EXPECT_EQ(requests[0].number, kMaxAuditEntries + 1);
  EXPECT_EQ(requests[0].action, "join");
  EXPECT_EQ(requests[1], last);
  const auto changes = moderation_->audit();
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].number, 2U);
  EXPECT_EQ(changes[1], first);
}

// Decides about updates when the test says so.
class SlowStore final : public test::QuietStore {
 public:
  bool submit_update(std::function<bool(storage::WriteTxn&)>, std::function<void(bool)> done) override {
    if (refuses) return false;
    waiting.push_back(std::move(done));
    return true;
  }
  Result<storage::ReadTxn, storage::StorageFailure> read() const override {
    return storage::StorageFailure{storage::StorageError::io, "nothing to read"};
  }
  Result<storage::Snapshot, storage::StorageFailure> snapshot() const override {
    return storage::StorageFailure{storage::StorageError::io, "nothing to read"};
  }
  const storage::Tables& tables() const override { return tables_; }
  storage::Seq last_seq() const override { return 0; }
  void decide(bool written) {
    auto done = std::move(waiting.front());
    waiting.pop_front();
    done(written);
  }
  bool refuses = false;
  std::deque<std::function<void(bool)>> waiting;

 private:
  storage::Tables tables_{};
};

class WaitingModeration : public ::testing::Test {
 protected:
  void submit(AccessAction action, const std::string& subject) {
    moderation_.submit({action, subject, {}, {}, {}}, "operator",
                       [this](auto done) { results_.push_back(done ? std::string("kept") : done.error().detail); });
  }
  void join(const Person& who, const std::string& code) {
    AccessChange change{AccessAction::join, who.hex(), {}, {}, {}};
    change.invite = Invite{clock_.unix_now() + 60, code, {}};
    moderation_.submit(std::move(change), who.hex(),
                       [this](auto done) { results_.push_back(done ? std::string("kept") : done.error().detail); });
  }
  const AccessLists& lists() const { return moderation_.rules()->get()->lists(); }
  bool bans(const Person& person) const { return lists().banned_pubkeys.contains(person.key()); }

  ManualClock clock_;
  SlowStore store_;
  Moderation moderation_{store_, clock_, {}, {}};
  std::vector<std::string> results_;
  Person alice_{1};
  Person bob_{2};
};

TEST_F(WaitingModeration, AChangeHoldsBeforeItIsWrittenAndTheNextWaitsForIt) {
  submit(AccessAction::ban_pubkey, alice_.hex());
  submit(AccessAction::ban_pubkey, bob_.hex());
  EXPECT_TRUE(bans(alice_));
  EXPECT_FALSE(bans(bob_));
  EXPECT_THAT(results_, IsEmpty());
  store_.decide(true);
  EXPECT_TRUE(bans(bob_));
  EXPECT_THAT(results_, ElementsAre("kept"));
  store_.decide(true);
  EXPECT_THAT(results_, ElementsAre("kept", "kept"));
  EXPECT_THAT(store_.waiting, IsEmpty());
}

TEST_F(WaitingModeration, WhatCannotBeWrittenIsTakenBack) {
  submit(AccessAction::ban_pubkey, alice_.hex());
  submit(AccessAction::ban_pubkey, bob_.hex());
  store_.decide(false);
  EXPECT_FALSE(bans(alice_));
  EXPECT_TRUE(bans(bob_));
  store_.decide(true);
  EXPECT_THAT(results_, ElementsAre(::testing::HasSubstr("could not be written"), "kept"));
  EXPECT_THAT(moderation_.audit(), SizeIs(1));
  store_.refuses = true;
  submit(AccessAction::unban_pubkey, bob_.hex());
  EXPECT_TRUE(bans(bob_));
}

TEST_F(WaitingModeration, ACodeIsSpentWithItsMemberOrNotAtAll) {
  join(alice_, "a1");
  join(bob_, "a1");
  EXPECT_TRUE(lists().allowed_pubkeys.contains(alice_.key()) && lists().spent_invites.contains("a1"));
  store_.decide(false);
  EXPECT_FALSE(lists().allowed_pubkeys.contains(alice_.key())) << "and the code lets in who was behind them";
  EXPECT_TRUE(lists().allowed_pubkeys.contains(bob_.key()) && lists().spent_invites.contains("a1"));
  join(alice_, "a1");
  store_.decide(true);
  EXPECT_THAT(results_,
              ElementsAre(::testing::HasSubstr("could not be written"), "kept", ::testing::HasSubstr("used already")));
}

TEST_F(WaitingModeration, RequestsThatWaitLeaveRoomForAdministrators) {
  submit(AccessAction::ban_pubkey, bob_.hex());
  for (std::size_t i = 0; i < Moderation::kMaxWaitingRequests + 2; ++i) submit(AccessAction::join, Person(i).hex());
  EXPECT_THAT(results_,
              ElementsAre(::testing::HasSubstr("too many changes"), ::testing::HasSubstr("too many changes")));
  submit(AccessAction::ban_pubkey, alice_.hex());
  EXPECT_THAT(results_, SizeIs(2));
  store_.decide(true);
  submit(AccessAction::join, alice_.hex());
  EXPECT_THAT(results_, ElementsAre(::testing::_, ::testing::_, "kept")) << "one has gone on";
}

TEST_F(WaitingModeration, TooManyThatWaitAreRefused) {
  for (std::size_t i = 0; i < Moderation::kMaxWaiting + 2; ++i) submit(AccessAction::ban_pubkey, alice_.hex());
  EXPECT_THAT(results_, ElementsAre(::testing::HasSubstr("too many changes")));
}

}  // namespace
}  // namespace pharos::ingest
