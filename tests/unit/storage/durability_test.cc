// What a store holds after a power cut, a full disk and a failing one.
#include <future>
#include <set>

#include <gtest/gtest.h>

#include "nostr/kind.h"
#include "storage/check.h"
#include "storage/record.h"
#include "storage/snapshot.h"
#include "storage/wal.h"
#include "support/eventually.h"
#include "support/power_cut_files.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using storage::PutOutcome;
using testing::eventually;

class DurabilityTest : public ::testing::Test {
 protected:
  DurabilityTest() : harness_(options(files_)) {}

  static storage::StoreOptions options(PowerCutFiles& files) {
    storage::StoreOptions options;
    options.files = &files;
    options.memtable_bytes = std::size_t{128} << 10;  // some dozen events
    return options;
  }
  void expect_consistent() {
    harness_.store().stop();
    const auto report =
        storage::check_database(harness_.store().read().value(), harness_.store().tables(), {}, {}).value();
    EXPECT_EQ(report.total(), 0U) << (report.findings.empty() ? "" : report.findings.front());
  }

  PowerCutFiles files_;
  StoreHarness harness_;
  EventSequence notes_{{1, "note", {{"t", "x"}}, 1'700'000'000, 0}};
};

TEST_F(DurabilityTest, NothingIsAnsweredBeforeItIsSynced) {
  for (int i = 0; i < 50; ++i) {
    const auto event = std::make_shared<const Event>(notes_.next_unsigned());
    Outcomes outcomes;
    std::atomic<std::size_t> unsynced{1};
    harness_.store().submit({event, 0, [&, next = outcomes.next()](PutOutcome outcome) {
                               unsynced = files_.unsynced_writes();
                               next(outcome);
                             }});
    outcomes.wait_for(1);
    ASSERT_EQ(unsynced, 0U);
  }
}

TEST(Durability, WhatIsSaidOfEventsIsNotDurableBeforeThem) {
  PowerCutFiles files;
  storage::StoreOptions options;
  options.files = &files;
  options.durability = storage::Durability::os;
  options.memtable_bytes = std::size_t{128} << 10;
  StoreHarness harness(options);
  EventSequence notes{{1, std::string(2000, 'x'), {}, 1'700'000'000, 0}};
  for (int round = 0; round < 5; ++round) {
    Outcomes outcomes;
    for (int i = 0; i < 40; ++i) harness.submit(notes.next_unsigned(), outcomes);
    outcomes.wait_for(40);
    std::promise<std::size_t> unsynced;
    ASSERT_TRUE(harness.store().submit_update([](storage::WriteTxn&) { return true; },
                                              [&](bool) { unsynced.set_value(files.unsynced_writes()); }));
    EXPECT_EQ(unsynced.get_future().get(), 0U);
  }
}

TEST_F(DurabilityTest, AFullDiskRefusesAndGoesOnWithoutARestart) {
  const Event before = notes_.next_unsigned();
  ASSERT_EQ(harness_.put(before), PutOutcome::stored);
  files_.full = true;
  const Event refused = notes_.next_unsigned();
  EXPECT_EQ(harness_.put(refused), PutOutcome::failed_full);
  EXPECT_TRUE(harness_.store().contains(before.id));
  EXPECT_FALSE(harness_.store().contains(refused.id));
  EXPECT_EQ(harness_.put(before), PutOutcome::duplicate);
  files_.full = false;
  EXPECT_EQ(harness_.put(refused), PutOutcome::stored);
  harness_.reopen();
  EXPECT_TRUE(harness_.store().contains(before.id));
  EXPECT_TRUE(harness_.store().contains(refused.id));
  expect_consistent();
}

TEST_F(DurabilityTest, AReadOnlyFileSystemRefusesAndGoesOnOnceItIsWritableAgain) {
  const Event before = notes_.next_unsigned();
  ASSERT_EQ(harness_.put(before), PutOutcome::stored);
  files_.read_only = true;
  for (int i = 0; i < 300; ++i) EXPECT_EQ(harness_.put(notes_.next_unsigned()), PutOutcome::failed_io);
  EXPECT_TRUE(harness_.store().is_failing());
  EXPECT_TRUE(harness_.store().contains(before.id));
  files_.read_only = false;
  EXPECT_EQ(harness_.put(notes_.next_unsigned()), PutOutcome::stored);
  EXPECT_FALSE(harness_.store().is_failing());
  expect_consistent();
}

TEST_F(DurabilityTest, ADiskThatIsFullNowAndThenLosesNothingAcknowledged) {
  SeededRandom random(11);
  std::set<EventId> stored;
  for (int i = 0; i < 1500; ++i) {
    if (random.below(10) == 0) files_.full = !files_.full;
    harness_.drafts = random.below(2) == 0;
    const Event note = notes_.next_unsigned();
    const PutOutcome outcome = harness_.put(note);
    ASSERT_TRUE(outcome == PutOutcome::stored || (files_.full && outcome == PutOutcome::failed_full));
    if (outcome == PutOutcome::stored) stored.insert(note.id);
  }
  files_.full = false;
  EXPECT_GT(stored.size(), 300U);
  harness_.reopen();
  for (const EventId& id : stored) ASSERT_TRUE(harness_.store().contains(id));
  expect_consistent();
}

TEST_F(DurabilityTest, ARefusedReplacementLeavesWhatItWouldHaveReplaced) {
  const Event older = unsigned_event({kind::kProfile, "old", {}, 1000, 0});
  const Event newer = unsigned_event({kind::kProfile, "new", {}, 2000, 0});
  ASSERT_EQ(harness_.put(older), PutOutcome::stored);
  files_.full = true;
  EXPECT_EQ(harness_.put(newer), PutOutcome::failed_full);
  files_.full = false;
  EXPECT_TRUE(harness_.store().contains(older.id));
  EXPECT_EQ(harness_.put(newer), PutOutcome::stored);
  EXPECT_FALSE(harness_.store().contains(older.id));
  expect_consistent();
}

TEST_F(DurabilityTest, AFailedFlushIsAnErrorAndTheNextCommitGoesToAnotherLog) {
  ASSERT_EQ(harness_.put(notes_.next_unsigned()), PutOutcome::stored);
  files_.sync_fails = true;
  const Event lost = notes_.next_unsigned();
  EXPECT_EQ(harness_.put(lost), PutOutcome::failed_io);
  EXPECT_FALSE(harness_.store().contains(lost.id));
  files_.sync_fails = false;
  EXPECT_EQ(harness_.put(lost), PutOutcome::stored);
  harness_.reopen();
  EXPECT_TRUE(harness_.store().contains(lost.id));
  expect_consistent();
}

TEST_F(DurabilityTest, WhatIsMergedWhileItIsAskedForNeverGoesMissing) {
  std::vector<Event> events;
  std::atomic<bool> done{false};
  std::atomic<int> missing{0};
  const Event first = notes_.next_unsigned();
  ASSERT_EQ(harness_.put(first), PutOutcome::stored);
  std::thread reader([&] {
    while (!done) missing += harness_.store().contains(first.id) ? 0 : 1;
  });
  Outcomes outcomes;
  constexpr std::size_t kEvents = 1500;
  for (std::size_t i = 0; i < kEvents; ++i) {
    while (!harness_.submit(notes_.next_unsigned(), outcomes)) std::this_thread::yield();
  }
  outcomes.wait_for(kEvents);
  done = true;
  reader.join();
  EXPECT_EQ(missing, 0);
  expect_consistent();
}

// A store without a log, and what a log of before it holds.
class UnloggedTest : public ::testing::Test {
 protected:
  static storage::StoreOptions options() {
    storage::StoreOptions options;
    options.durability = storage::Durability::at_stop;
    options.memtable_bytes = std::size_t{128} << 10;
    return options;
  }
  // As a process leaves it that ended before it merged; no store is open.
  Event leave_a_log(std::size_t content_bytes = 100) {
    constexpr std::uint64_t kGeneration = 1;
    Event event = unsigned_event({1, std::string(content_bytes, 'y'), {}, 1'700'000'000, 0});
    std::string record;
    storage::encode_record(event, record);
    auto wal = storage::Wal::create(storage::system_files(), harness_.directory(), kGeneration, 0);
    storage::WalBatch batch;
    batch.store(1, record);
    EXPECT_TRUE(wal.value()->append(batch, true));
    return event;
  }
  std::size_t logs() const { return storage::list_wals(harness_.directory()).value().size(); }

  StoreHarness harness_{options()};
  EventSequence notes_{{1, std::string(1000, 'x'), {{"t", "x"}}, 1'700'000'000, 0}};
};

TEST_F(UnloggedTest, FindsByIdAndAddressBeforeAnythingIsMerged) {
  harness_.drafts = true;
  const Event older = unsigned_event({kind::kProfile, "old", {}, 1000, 0});
  const Event newer = unsigned_event({kind::kProfile, "new", {}, 2000, 0});
  EXPECT_EQ(harness_.put(newer), PutOutcome::stored);
  EXPECT_EQ(harness_.put(newer), PutOutcome::duplicate);
  EXPECT_EQ(harness_.put(older), PutOutcome::superseded);
  const auto snapshot = harness_.store().snapshot();
  EXPECT_TRUE(snapshot.value().find(newer.id));
  EXPECT_EQ(snapshot.value().versions(newer.pubkey, newer.kind, {}), (std::vector<storage::Seq>{1}));
}

TEST_F(UnloggedTest, StopMergesWhatWasStored) {
  harness_.drafts = true;
  std::vector<EventId> ids;
  Outcomes outcomes;
  for (int i = 0; i < 400; ++i) {
    Event note = notes_.next_unsigned();
    ids.push_back(note.id);
    harness_.submit(std::move(note), outcomes);
  }
  outcomes.wait_for(ids.size());
  EXPECT_TRUE(harness_.store().contains(ids.front()));
  EXPECT_EQ(logs(), 0U);
  harness_.store().stop();
  EXPECT_TRUE(harness_.store().is_merged());
  harness_.reopen();
  EXPECT_EQ(harness_.store().last_seq(), ids.size());
  for (const EventId& id : ids) EXPECT_TRUE(harness_.store().contains(id));
}

TEST_F(UnloggedTest, AnEarlierLogIsMergedToo) {
  harness_.close();
  const Event before = leave_a_log();
  harness_.reopen();
  EXPECT_EQ(harness_.put(before), PutOutcome::duplicate);
  EXPECT_EQ(harness_.put(notes_.next_unsigned()), PutOutcome::stored);
  harness_.store().stop();
  EXPECT_TRUE(harness_.store().is_merged());
  EXPECT_EQ(logs(), 0U);
  harness_.reopen();
  EXPECT_TRUE(harness_.store().contains(before.id));
  EXPECT_EQ(harness_.store().last_seq(), 2U);
}

TEST_F(UnloggedTest, AFullDatabaseIsToldAtTheEndAndKeepsTheEarlierLog) {
  harness_.close();
  const Event before = leave_a_log(200'000);
  harness_.options().map_size_bytes = std::uint64_t{128} << 10;
  harness_.reopen();
  const Event lost = notes_.next_unsigned();
  EXPECT_EQ(harness_.put(lost), PutOutcome::stored);
  harness_.store().stop();
  EXPECT_FALSE(harness_.store().is_merged());
  EXPECT_EQ(logs(), 1U);
  harness_.options().map_size_bytes = std::uint64_t{64} << 20;
  harness_.reopen();
  EXPECT_TRUE(harness_.store().contains(before.id));
  EXPECT_EQ(harness_.put(lost), PutOutcome::stored);
}

TEST_F(UnloggedTest, TakesNoUpdates) {
  EXPECT_FALSE(harness_.store().submit_update([](storage::WriteTxn&) { return true; }, [](bool) {}));
}

}  // namespace
}  // namespace pharos::test
