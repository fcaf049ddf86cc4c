// Copies of a database that another process writes meanwhile, and of one at rest.
#include "storage/backup.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <future>
#include <set>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/check.h"
#include "storage/kv_table.h"
#include "storage/snapshot.h"
#include "support/eventually.h"
#include "support/power_cut_files.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using storage::BackupOptions;
using storage::StorageError;
using testing::eventually;
using testing::TempDir;

constexpr std::string_view kNewest = "newest";

storage::StoreOptions options_for(const std::filesystem::path& directory) {
  storage::StoreOptions options;
  options.directory = directory;
  options.map_size_bytes = 256U << 20U;
  options.memtable_bytes = std::size_t{256} << 10;
  return options;
}

BackupOptions backup_of(const std::filesystem::path& source, const std::filesystem::path& destination) {
  BackupOptions options;
  options.source.directory = source;
  options.source.map_size_bytes = 256U << 20U;
  options.destination = destination;
  return options;
}

// Stores notes without end, tells of each, and keeps on noting in a table of the upper layers which came last. The
// second is stored when the first was noted.
[[noreturn]] void write_until_killed(const std::filesystem::path& directory, int pipe) {
  const SystemClock clock;
  const auto store = std::move(storage::Store::open(options_for(directory), clock).value());
  EventSequence notes({1, "note", {{"t", "x"}}, 1'700'000'000, 1});
  std::promise<void> noted;
  for (bool first = true;; first = false) {
    const auto note = std::make_shared<const Event>(notes.next_unsigned());
    const EventId id = note->id;
    storage::PutRequest request{note, 0, [id, pipe](storage::PutOutcome) {
                                  if (::write(pipe, &id, sizeof id) != sizeof id) ::_exit(1);
                                }};
    while (!store->submit(std::move(request))) std::this_thread::yield();
    store->submit_update(
        [id](storage::WriteTxn& txn) { return storage::kv_put(txn, storage::KvTable::misc, kNewest, id.hex()); },
        [first, &noted](bool) {
          if (first) noted.set_value();
        });
    if (first) noted.get_future().wait();
  }
}

// A child that writes, and what it told so far.
class WritingProcess {
 public:
  explicit WritingProcess(const std::filesystem::path& directory) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      write_until_killed(directory, ends[1]);
    }
    ::close(ends[1]);
    listener_ = std::thread([this, end = ends[0]] {
      EventId id{};
      while (::read(end, &id, sizeof id) == sizeof id) {
        Lock lock(mutex_);
        told_.push_back(id);
      }
      ::close(end);
    });
  }
  ~WritingProcess() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    listener_.join();
  }
  std::vector<EventId> told() {
    Lock lock(mutex_);
    return told_;
  }

 private:
  pid_t child_ = -1;
  Mutex mutex_;
  std::vector<EventId> told_ PHAROS_GUARDED_BY(mutex_);
  std::thread listener_;
};

TEST(Backup, HoldsWhatWasAcknowledgedBeforeItBeganAndNoNoteAboutWhatItLacks) {
  const TempDir directory;
  WritingProcess writing(directory.path() / "data");
  const SystemClock clock;
  for (std::size_t round = 1; round <= 5; ++round) {
    ASSERT_TRUE(eventually([&] { return writing.told().size() >= round * 400; }));
    const std::vector<EventId> before = writing.told();
    const auto copy = directory.path() / std::to_string(round);
    const auto made = storage::back_up(backup_of(directory.path() / "data", copy), {});
    ASSERT_TRUE(made) << made.error().detail;

    const auto store = std::move(storage::Store::open(options_for(copy), clock).value());
    std::size_t lost = 0;
    for (const EventId& id : before) lost += store->contains(id) ? 0 : 1;
    EXPECT_EQ(lost, 0U) << "round " << round << ", of " << before.size();
    {
      const auto txn = store->read();
      const auto newest = storage::kv_get(txn.value(), store->tables(), storage::KvTable::misc, kNewest);
      const auto id = newest ? EventId::from_hex(*newest) : std::nullopt;
      ASSERT_TRUE(id);
      EXPECT_TRUE(store->contains(*id)) << "round " << round;
    }
    store->stop();
    const auto report = storage::check_database(store->read().value(), store->tables(), {}, {}).value();
    EXPECT_EQ(report.total(), 0U) << (report.findings.empty() ? "" : report.findings.front());
  }
}

class BackupOfStopped : public ::testing::Test {
 protected:
  BackupOfStopped() {
    StoreHarness harness;
    EventSequence notes({1, "note", {{"t", "x"}}, 1'700'000'000, 0});
    for (int i = 0; i < 20; ++i) harness.put(notes.next_unsigned());
    harness.store().stop();
    std::filesystem::create_directories(source_);
    std::filesystem::copy_file(harness.directory() / "data.mdb", source_ / "data.mdb");
    std::ofstream(source_ / "identity.key") << "nsec1secret\n";
  }

  Result<storage::BackupReport, storage::StorageFailure> back_up() { return storage::back_up(options_, {}); }
  // Neither a whole copy nor a part of one.
  void expect_nothing_made() {
    EXPECT_FALSE(std::filesystem::exists(copy_));
    EXPECT_FALSE(std::filesystem::exists(part_));
  }

  TempDir directory_;
  std::filesystem::path source_ = directory_.path() / "data";
  std::filesystem::path copy_ = directory_.path() / "copy";
  std::filesystem::path part_ = directory_.path() / "copy.part";
  BackupOptions options_ = backup_of(source_, copy_);
};

TEST_F(BackupOfStopped, IsWholeAndForItsOwnerAlone) {
  const auto made = back_up();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_TRUE(made.value().identity);
  EXPECT_FALSE(std::filesystem::exists(part_));
  struct stat status {};
  ASSERT_EQ(::stat(copy_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  for (const char* file : {"data.mdb", "identity.key"}) {
    ASSERT_EQ(::stat((copy_ / file).c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << file;
  }
  const SystemClock clock;
  const auto store = std::move(storage::Store::open(options_for(copy_), clock).value());
  EXPECT_EQ(store->last_seq(), 20U);
}

TEST_F(BackupOfStopped, TellsHowFarItIs) {
  std::uint64_t last = 0;
  const auto made = storage::back_up(options_, [&](std::uint64_t done, std::uint64_t about) {
    EXPECT_GT(done, last);
    EXPECT_LE(done, about);
    last = done;
  });
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(last, made.value().bytes);
}

TEST_F(BackupOfStopped, CanLeaveOutTheIdentity) {
  options_.with_identity = false;
  const auto made = back_up();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_FALSE(made.value().identity);
  EXPECT_FALSE(std::filesystem::exists(copy_ / "identity.key"));
}

TEST_F(BackupOfStopped, TakesAnEmptyDirectoryAndNoOther) {
  std::filesystem::create_directory(copy_);
  options_.destination = copy_ / "";
  ASSERT_TRUE(back_up());
  const auto again = back_up();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().error, StorageError::cannot_create);
  EXPECT_TRUE(std::filesystem::exists(copy_ / "data.mdb"));
}

TEST_F(BackupOfStopped, LeavesNothingWhenTheDiskIsFull) {
  PowerCutFiles files;
  files.full = true;
  options_.files = &files;
  const auto made = back_up();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().error, StorageError::disk_full);
  expect_nothing_made();
}

TEST_F(BackupOfStopped, LeavesNothingWhenASyncFails) {
  PowerCutFiles files;
  files.sync_fails = true;
  options_.files = &files;
  ASSERT_FALSE(back_up());
  expect_nothing_made();
}

TEST_F(BackupOfStopped, GoesOverWhatAnInterruptedOneLeft) {
  std::filesystem::create_directory(part_);
  std::ofstream(part_ / "data.mdb") << "half";
  std::ofstream(part_ / "00000000000000ff.wal") << "half";
  ASSERT_TRUE(back_up());
  EXPECT_FALSE(std::filesystem::exists(part_));
  EXPECT_FALSE(std::filesystem::exists(copy_ / "00000000000000ff.wal"));
}

TEST_F(BackupOfStopped, LeavesAloneWhatIsNotItsOwn) {
  std::filesystem::create_directory(part_);
  std::ofstream(part_ / "letters.txt") << "mine";
  ASSERT_FALSE(back_up());
  EXPECT_TRUE(std::filesystem::exists(part_ / "letters.txt"));
}

TEST_F(BackupOfStopped, WaitsForNoOtherToTheSamePlace) {
  std::filesystem::create_directory(part_);
  const int other = ::open(part_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  const auto made = back_up();
  ::close(other);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().error, StorageError::locked);
}

TEST_F(BackupOfStopped, NeedsADatabase) {
  std::filesystem::remove(source_ / "data.mdb");
  ASSERT_FALSE(back_up());
  expect_nothing_made();
}

}  // namespace
}  // namespace pharos::test
