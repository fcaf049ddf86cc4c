// A store that puts a smaller file into the place of its own while it is read and written.
#include <fstream>
#include <future>

#include <gtest/gtest.h>

#include "nostr/kind.h"
#include "storage/check.h"
#include "storage/data_files.h"
#include "storage/snapshot.h"
#include "support/power_cut_files.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using storage::Compacted;
using storage::PutOutcome;
using storage::StorageError;
using storage::StorageFailure;

class CompactionTest : public ::testing::Test {
 protected:
  static storage::StoreOptions options() {
    storage::StoreOptions options;
    options.memtable_bytes = std::size_t{128} << 10;  // some dozen events
    return options;
  }

  void put_notes(std::size_t count) {
    Outcomes outcomes;
    for (std::size_t i = 0; i < count; ++i) {
      Event note = notes_.next_unsigned();
      ids_.push_back(note.id);
      ASSERT_TRUE(harness_.submit(std::move(note), outcomes));
    }
    outcomes.wait_for(count);
  }
  // The pages of most notes become free.
  void erase_notes() {
    Outcomes outcomes;
    std::size_t asked = 0;
    for (std::size_t i = 0; i + 10 < ids_.size(); ++i, ++asked) {
      harness_.submit(unsigned_event({kind::kDeletion, "", {{"e", ids_[i].hex()}}, 1'700'000'000, 0}), outcomes);
    }
    outcomes.wait_for(asked);
    ids_.erase(ids_.begin(), ids_.end() - 10);
    harness_.reopen();  // merges
  }
  Result<Compacted, StorageFailure> compact() {
    std::promise<Result<Compacted, StorageFailure>> promise;
    const auto begun = harness_.store().compact([&](auto compacted) { promise.set_value(std::move(compacted)); });
    if (!begun) return begun.error();
    return promise.get_future().get();
  }
  bool is_there(std::uint64_t number) {
    return std::filesystem::exists(storage::data_path(harness_.directory(), number));
  }
  void expect_all_held() {
    for (const EventId& id : ids_) EXPECT_TRUE(harness_.store().contains(id));
  }
  void expect_consistent() {
    harness_.store().stop();
    const auto report =
        storage::check_database(harness_.store().read().value(), harness_.store().tables(), {}, {}).value();
    EXPECT_EQ(report.total(), 0U) << (report.findings.empty() ? "" : report.findings.front());
  }

  StoreHarness harness_{options()};
  EventSequence notes_{{1, std::string(4000, 'x'), {{"t", "x"}}, 1'700'000'000, 0}};
  std::vector<EventId> ids_;
};

TEST_F(CompactionTest, GivesRoomBackAndKeepsEverything) {
  put_notes(200);
  erase_notes();
  const auto compacted = compact();
  ASSERT_TRUE(compacted) << compacted.error().detail;
  EXPECT_LT(compacted.value().after_bytes, compacted.value().before_bytes / 2);
  EXPECT_EQ(std::filesystem::file_size(storage::data_path(harness_.directory(), 1)), compacted.value().after_bytes);
  EXPECT_FALSE(is_there(0));
  expect_all_held();
  put_notes(100);
  expect_all_held();
  harness_.reopen();
  expect_all_held();
  expect_consistent();
}

TEST_F(CompactionTest, GoesOnFromFileToFile) {
  for (std::uint64_t number = 1; number <= 3; ++number) {
    put_notes(60);
    ASSERT_TRUE(compact());
    EXPECT_TRUE(is_there(number));
    EXPECT_FALSE(is_there(number - 1));
    expect_all_held();
  }
  harness_.reopen();
  expect_all_held();
  expect_consistent();
}

TEST_F(CompactionTest, AnOpenSnapshotGoesOnReadingWhatItSaw) {
  put_notes(100);
  harness_.reopen();
  {
    const auto before = harness_.store().snapshot();
    ASSERT_TRUE(before);
    const std::vector<EventId> seen = ids_;
    ASSERT_TRUE(compact());
    put_notes(100);
    for (const EventId& id : seen) EXPECT_TRUE(before.value().find(id).has_value());
    EXPECT_FALSE(before.value().find(ids_.back()).has_value());
  }
  expect_all_held();
}

TEST_F(CompactionTest, WhatACrashLeftBesideTheDatabaseIsRemoved) {
  put_notes(100);
  harness_.store().stop();
  // After the new file got its name and before the old one was removed; and in the middle of another one.
  const auto first = storage::data_path(harness_.directory(), 0);
  std::filesystem::copy_file(first, storage::data_path(harness_.directory(), 1));
  std::ofstream(storage::draft_data_path(harness_.directory(), 2)) << "half";
  harness_.reopen();
  EXPECT_FALSE(is_there(0));
  EXPECT_TRUE(is_there(1));
  EXPECT_FALSE(std::filesystem::exists(storage::draft_data_path(harness_.directory(), 2)));
  expect_all_held();
  put_notes(50);
  expect_all_held();
  expect_consistent();
}

TEST_F(CompactionTest, IsAnsweredAndLeavesOneDatabaseWhenTheStoreStopsMeanwhile) {
  put_notes(100);
  std::promise<void> answered;
  ASSERT_TRUE(harness_.store().compact([&](const auto&) { answered.set_value(); }));
  harness_.store().stop();
  answered.get_future().wait();
  EXPECT_NE(is_there(0), is_there(1));
  EXPECT_FALSE(std::filesystem::exists(storage::draft_data_path(harness_.directory(), 1)));
  harness_.reopen();
  expect_all_held();
  expect_consistent();
}

TEST_F(CompactionTest, WhatCannotBeTakenIntoUseIsTakenBack) {
  put_notes(50);
  harness_.store().stop();
  std::ofstream(storage::draft_data_path(harness_.directory(), 1)) << "x";
  ASSERT_TRUE(storage::publish_data(harness_.directory(), 1));
  EXPECT_EQ(storage::newest_data(harness_.directory()).value(), 1U);
  ASSERT_TRUE(storage::retract_data(harness_.directory(), 1));
  EXPECT_EQ(storage::newest_data(harness_.directory()).value(), 0U);
  harness_.reopen();
  expect_all_held();
}

TEST_F(CompactionTest, NoneBeginsOnceItIsStopped) {
  harness_.store().stop();
  const auto compacted = compact();
  ASSERT_FALSE(compacted);
  EXPECT_EQ(compacted.error().error, StorageError::locked);
}

TEST_F(CompactionTest, AFullDiskLeavesTheDatabaseAsItWas) {
  PowerCutFiles files;
  harness_.options().files = &files;
  harness_.reopen();
  put_notes(50);
  harness_.reopen();
  files.full = true;
  const auto compacted = compact();
  files.full = false;
  ASSERT_FALSE(compacted);
  EXPECT_EQ(compacted.error().error, StorageError::disk_full);
  EXPECT_TRUE(is_there(0));
  EXPECT_FALSE(is_there(1));
  EXPECT_FALSE(std::filesystem::exists(storage::draft_data_path(harness_.directory(), 1)));
  put_notes(50);
  expect_all_held();
  harness_.store().stop();
  harness_.options().files = nullptr;
  harness_.reopen();
}

}  // namespace
}  // namespace pharos::test
