// A store that puts a smaller file into the place of its own while it is read and written.
#include <condition_variable>
#include <fstream>
#include <future>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nostr/kind.h"
#include "storage/backup.h"
#include "storage/check.h"
#include "storage/data_files.h"
#include "storage/snapshot.h"
#include "support/eventually.h"
#include "support/power_cut_files.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using storage::Compacted;
using storage::PutOutcome;
using storage::StorageError;
using storage::StorageFailure;

// Files of which a compaction's copy is held up in its first write, until it is let go.
class HeldUpFiles final : public storage::Files {
 public:
  Result<std::unique_ptr<storage::File>, StorageFailure> create(const std::filesystem::path& path) override {
    PHAROS_TRY(auto file, storage::system_files().create(path));
    if (path.extension() != ".tmp") return file;
    return std::unique_ptr<storage::File>(new Copy(*this, std::move(file)));
  }
  Result<std::string, StorageFailure> read(const std::filesystem::path& path) override {
    return storage::system_files().read(path);
  }
  Result<bool, StorageFailure> keep(const std::filesystem::path& path, const std::filesystem::path& kept) override {
    return storage::system_files().keep(path, kept);
  }
  Result<void, StorageFailure> remove(const std::filesystem::path& path) override {
    return storage::system_files().remove(path);
  }

  void wait_for_the_copy() {
    Lock lock(mutex_);
    while (!reached_) lock.wait(changed_);
  }
  void let_go() {
    Lock lock(mutex_);
    let_go_ = true;
    changed_.notify_all();
  }

 private:
  class Copy final : public storage::File {
   public:
    Copy(HeldUpFiles& files, std::unique_ptr<storage::File> file) : files_(files), file_(std::move(file)) {}
    Result<void, StorageFailure> reserve(std::uint64_t size) override { return file_->reserve(size); }
    Result<void, StorageFailure> write(std::uint64_t offset, std::string_view bytes) override {
      files_.hold_up();
      return file_->write(offset, bytes);
    }
    Result<void, StorageFailure> sync() override { return file_->sync(); }

   private:
    HeldUpFiles& files_;
    std::unique_ptr<storage::File> file_;
  };

  void hold_up() {
    Lock lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    while (!let_go_) lock.wait(changed_);
  }

  Mutex mutex_;
  std::condition_variable changed_;
  bool reached_ PHAROS_GUARDED_BY(mutex_) = false;
  bool let_go_ PHAROS_GUARDED_BY(mutex_) = false;
};

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

TEST(Compaction, IsWithoutWhatWasErasedJustBefore) {
  StoreHarness harness;  // whose memtable holds all of it
  Outcomes outcomes;
  constexpr std::size_t kNotes = 200;
  EventSequence notes({1, std::string(4000, 'x'), {}, 1'700'000'000, 0});
  for (std::size_t i = 0; i < kNotes; ++i) ASSERT_TRUE(harness.submit(notes.next_unsigned(), outcomes));
  outcomes.wait_for(kNotes);
  const auto compact = [&harness] {
    std::promise<std::uint64_t> after;
    EXPECT_TRUE(
        harness.store().compact([&](const auto& done) { after.set_value(done ? done.value().after_bytes : 0); }));
    return after.get_future().get();
  };
  const std::uint64_t full = compact();
  EXPECT_GT(full, kNotes * 1'000);
  storage::EraseRequest request;
  for (storage::Seq seq = 1; seq <= kNotes; ++seq) request.events.push_back(seq);
  std::promise<std::optional<std::size_t>> erased;
  request.done = [&](std::optional<std::size_t> count) { erased.set_value(count); };
  ASSERT_TRUE(harness.store().submit_erase(std::move(request)));
  ASSERT_EQ(erased.get_future().get(), kNotes);
  EXPECT_LT(compact(), full / 2);
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

TEST_F(CompactionTest, ABackupPutBesideTheDatabaseIsNotRemoved) {
  put_notes(60);
  harness_.close();
  const testing::TempDir elsewhere;
  storage::BackupOptions backup;
  backup.source.directory = harness_.directory();
  backup.source.map_size_bytes = harness_.options().map_size_bytes;
  backup.destination = elsewhere.path() / "backup";
  ASSERT_TRUE(storage::back_up(backup, {}));
  harness_.reopen();
  ASSERT_TRUE(compact());
  put_notes(60);
  harness_.close();

  const auto restored = storage::data_path(harness_.directory(), 0);
  std::filesystem::copy_file(storage::data_path(backup.destination, 0), restored);
  const auto refused = storage::Store::open(harness_.options(), harness_.clock());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error, StorageError::cannot_create);
  EXPECT_THAT(refused.error().detail, ::testing::HasSubstr(restored.string()));
  EXPECT_THAT(refused.error().detail, ::testing::HasSubstr("data-1.mdb"));
  EXPECT_TRUE(is_there(0));
  EXPECT_TRUE(is_there(1));

  std::filesystem::remove(restored);
  harness_.reopen();
  expect_all_held();
  expect_consistent();
}

TEST_F(CompactionTest, WhatIsNoDatabaseIsNotRemovedEither) {
  put_notes(60);
  ASSERT_TRUE(compact());
  harness_.close();
  std::ofstream(storage::data_path(harness_.directory(), 0)) << "half a backup";
  EXPECT_FALSE(storage::Store::open(harness_.options(), harness_.clock()));
  EXPECT_TRUE(is_there(0));
  std::filesystem::remove(storage::data_path(harness_.directory(), 0));
  harness_.reopen();
  expect_all_held();
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

// With more events behind a held-up copy than the memtables take, so that the writer waits for its end.
class FullCompactionTest : public CompactionTest {
 protected:
  void SetUp() override {
    harness_.options().files = &files_;
    harness_.reopen();
    put_notes(100);
    harness_.reopen();
    ASSERT_TRUE(harness_.store().compact([this](auto compacted) { answer_.set_value(std::move(compacted)); }));
    files_.wait_for_the_copy();
    for (std::size_t i = 0; i < kMore; ++i) {
      Event note = notes_.next_unsigned();
      ids_.push_back(note.id);
      ASSERT_TRUE(harness_.submit(std::move(note), outcomes_));
    }
  }
  void TearDown() override {
    harness_.store().stop();
    harness_.options().files = nullptr;
    harness_.reopen();
    expect_all_held();
    expect_consistent();
  }
  void expect_given_up() {
    const auto compacted = answer_.get_future().get();
    ASSERT_FALSE(compacted);
    EXPECT_EQ(compacted.error().error, StorageError::locked);
    EXPECT_TRUE(is_there(0));
    EXPECT_FALSE(is_there(1));
    EXPECT_FALSE(std::filesystem::exists(storage::draft_data_path(harness_.directory(), 1)));
    for (const PutOutcome outcome : outcomes_.wait_for(kMore)) EXPECT_EQ(outcome, PutOutcome::stored);
  }

  static constexpr std::size_t kMore = 300;  // some ten memtables
  HeldUpFiles files_;
  Outcomes outcomes_;
  std::promise<Result<Compacted, StorageFailure>> answer_;
};

TEST_F(FullCompactionTest, IsGivenUpWhenTheStoreStops) {
  const auto stopping = std::async(std::launch::async, [this] { harness_.store().stop(); });
  EXPECT_TRUE(testing::eventually(
      [&] { return !harness_.store().submit_update([](storage::WriteTxn&) { return true; }, {}); }));
  files_.let_go();
  stopping.wait();
  expect_given_up();
}

TEST_F(FullCompactionTest, IsGivenUpBeforeTheStoreStops) {
  harness_.store().give_up_compaction();
  EXPECT_EQ(compact().error().error, StorageError::locked);
  files_.let_go();
  expect_given_up();
  EXPECT_EQ(harness_.put(notes_.next_unsigned()), PutOutcome::stored);
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
