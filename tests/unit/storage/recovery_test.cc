// What a start makes of a log that is damaged.
#include "storage/recovery.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/backup.h"
#include "storage/snapshot.h"
#include "storage/wal.h"
#include "support/power_cut_files.h"
#include "support/read_file.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RecoveryTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kGeneration = 1;

  RecoveryTest() { harness_.close(); }

  // A log as a process leaves it that was killed, of one event a commit.
  void leave_a_log() {
    auto wal = storage::Wal::create(storage::system_files(), harness_.directory(), kGeneration, 0);
    std::string record;
    for (storage::Seq seq = 1; seq <= kEvents; ++seq) {
      const Event event = unsigned_event({1, std::to_string(seq), {}, 1'700'000'000, 0});
      ids_.push_back(event.id);
      ends_.push_back(wal.value()->bytes());
      storage::encode_record(event, record);
      storage::WalBatch batch;
      batch.store(seq, record);
      ASSERT_TRUE(wal.value()->append(batch, true));
    }
    ends_.push_back(wal.value()->bytes());
  }
  void overwrite(std::uint64_t at, std::size_t bytes) const {
    std::fstream file(log(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(bytes, 'x');
  }
  // In the middle of what the log holds.
  void damage() const { overwrite(ends_[kBefore] + 20, 64); }

  // What it says.
  std::string start() {
    ::testing::internal::CaptureStderr();
    harness_.reopen();
    return ::testing::internal::GetCapturedStderr();
  }
  std::size_t held() {
    const auto snapshot = harness_.store().snapshot();
    return static_cast<std::size_t>(
        std::ranges::count_if(ids_, [&](const EventId& id) { return snapshot.value().find(id).has_value(); }));
  }
  // Merges, so that the log goes.
  void stop() {
    harness_.store().stop();
    EXPECT_FALSE(std::filesystem::exists(log()));
    harness_.close();
  }

  std::filesystem::path log() const { return storage::wal_path(harness_.directory(), kGeneration); }
  std::filesystem::path kept(const std::string& number = "") const {
    return std::filesystem::path(log()) += ".damaged" + number;
  }
  std::string text() const { return testing::read_file(log()); }

  static constexpr std::size_t kEvents = 20;
  static constexpr std::size_t kBefore = 7;

  StoreHarness harness_;
  std::vector<EventId> ids_;
  std::vector<std::uint64_t> ends_;  // where each commit begins, and the end
};

TEST_F(RecoveryTest, ALogDamagedInTheMiddleIsToldAndKept) {
  leave_a_log();
  damage();
  const std::string damaged = text();
  EXPECT_THAT(start(), AllOf(HasSubstr("a log is damaged"), HasSubstr("file=" + log().string()),
                             HasSubstr("offset=" + std::to_string(ends_[kBefore])),
                             HasSubstr("bytes=" + std::to_string(damaged.find_last_not_of('\0') + 1 - ends_[kBefore])),
                             HasSubstr("kept=" + kept().string())));
  EXPECT_EQ(held(), kBefore);
  EXPECT_EQ(harness_.put(unsigned_event({1, "next", {}, 1'700'000'000, 0})), storage::PutOutcome::stored);
  stop();
  EXPECT_EQ(testing::read_file(kept()), damaged);
}

TEST_F(RecoveryTest, ALogWithADamagedHeadIsToldAndKept) {
  leave_a_log();
  overwrite(0, 64);
  const std::string damaged = text();
  EXPECT_THAT(start(), AllOf(HasSubstr("a log is damaged"), HasSubstr("offset=0 ")));
  EXPECT_EQ(held(), 0U);
  EXPECT_FALSE(std::filesystem::exists(log()));
  EXPECT_EQ(testing::read_file(kept()), damaged);
}

TEST_F(RecoveryTest, AnUnfinishedEndIsNoDamage) {
  leave_a_log();
  std::filesystem::resize_file(log(), ends_[kEvents] - 5);
  EXPECT_THAT(start(), AllOf(HasSubstr("info"), HasSubstr("never acknowledged"), HasSubstr("file=" + log().string()),
                             HasSubstr("offset=" + std::to_string(ends_[kEvents - 1])), Not(HasSubstr("damaged"))));
  EXPECT_EQ(held(), kEvents - 1);
  EXPECT_FALSE(std::filesystem::exists(kept()));
}

TEST_F(RecoveryTest, AWholeLogIsNotTold) {
  leave_a_log();
  EXPECT_THAT(start(), AllOf(Not(HasSubstr("never acknowledged")), Not(HasSubstr("damaged"))));
  EXPECT_EQ(held(), kEvents);
}

TEST_F(RecoveryTest, AReaderTellsOfTheDamageAndChangesNothing) {
  leave_a_log();
  damage();
  const std::string damaged = text();
  harness_.options().read_only = true;
  EXPECT_THAT(start(), AllOf(HasSubstr("a log is damaged"), HasSubstr("file=" + log().string())));
  EXPECT_EQ(held(), kBefore);
  harness_.close();
  EXPECT_EQ(text(), damaged);
  EXPECT_FALSE(std::filesystem::exists(kept()));
}

TEST_F(RecoveryTest, AReaderDoesNotTellOfAnUnfinishedEndThatAWriterMayBeAt) {
  leave_a_log();
  std::filesystem::resize_file(log(), ends_[kEvents] - 5);
  harness_.options().read_only = true;
  EXPECT_EQ(start(), "");
  EXPECT_EQ(held(), kEvents - 1);
}

TEST_F(RecoveryTest, WhatWasKeptBeforeIsNotReplaced) {
  leave_a_log();
  damage();
  const std::string damaged = text();
  std::ofstream(kept()) << "another";
  EXPECT_THAT(start(), HasSubstr("kept=" + kept(".2").string()));
  stop();
  EXPECT_EQ(testing::read_file(kept()), "another");
  EXPECT_EQ(testing::read_file(kept(".2")), damaged);
}

TEST_F(RecoveryTest, AStartThatWasCutOffKeepsTheLogOnce) {
  leave_a_log();
  damage();
  std::filesystem::create_hard_link(log(), kept());
  EXPECT_THAT(start(), HasSubstr("kept=" + kept().string()));
  stop();
  EXPECT_TRUE(std::filesystem::exists(kept()));
  EXPECT_FALSE(std::filesystem::exists(kept(".2")));
}

TEST_F(RecoveryTest, WhatIsKeptIsNoLogForTheNextStartAndForABackup) {
  leave_a_log();
  damage();
  start();
  stop();
  EXPECT_THAT(start(), Not(HasSubstr("damaged")));
  EXPECT_EQ(held(), kBefore);
  EXPECT_FALSE(std::filesystem::exists(log()));

  storage::BackupOptions options;
  options.source.directory = harness_.directory();
  options.destination = harness_.directory() / "copy";
  harness_.close();
  ASSERT_TRUE(storage::back_up(options, {}));
  EXPECT_TRUE(std::filesystem::exists(options.destination / "data.mdb"));
  EXPECT_FALSE(std::filesystem::exists(options.destination / kept().filename()));
  EXPECT_TRUE(std::filesystem::exists(kept()));
}

TEST_F(RecoveryTest, ADamagedLogThatCannotBeKeptIsNotGivenUp) {
  leave_a_log();
  damage();
  PowerCutFiles files;
  files.read_only = true;
  harness_.options().files = &files;
  const SystemClock clock;
  const auto opened = storage::Store::open(harness_.options(), clock);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().error, storage::StorageError::permission);
  EXPECT_TRUE(std::filesystem::exists(log()));
}

}  // namespace
}  // namespace pharos::test
