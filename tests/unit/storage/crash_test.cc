// A process that writes and goes down in the middle of it, by a signal or by a power cut that takes what was not synced
// and tears what was being written: everything it was told is stored is there afterwards, and nothing it was told is
// deleted. PHAROS_CRASH_ROUNDS sets how often, 5 times without it.
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nostr/kind.h"
#include "storage/check.h"
#include "storage/query.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "support/event_factory.h"
#include "support/power_cut_files.h"
#include "support/temp_dir.h"
#include "util/clock.h"
#include "util/random.h"

namespace pharos::test {
namespace {

storage::StoreOptions options_for(const std::filesystem::path& directory, storage::Files* files = nullptr) {
  storage::StoreOptions options;
  options.directory = directory;
  options.files = files;
  options.map_size_bytes = 256U << 20U;
  options.memtable_bytes = std::size_t{256} << 10;  // so that merges are under way as well
  return options;
}

struct Told {
  char fate;  // 's' stored, 'd' deleted
  EventId id;
};

// Stores without end and tells of each note, one write() each, from the writer thread. Every third event takes the
// place of another, every fifth note is deleted again.
[[noreturn]] void write_without_end(const storage::StoreOptions& options, std::size_t key, int pipe,
                                    std::atomic<std::size_t>& said) {
  const SystemClock clock;
  const auto store = std::move(storage::Store::open(options, clock).value());
  EventSequence notes({1, "note", {{"t", "x"}}, 1'700'000'000, key});
  EventSequence profiles({0, "profile", {}, 1'700'000'000, key});
  const auto put = [&](Event&& event, std::optional<Told> told) {
    const auto shared = std::make_shared<const Event>(std::move(event));
    storage::PutRequest request{shared, 0, [told, pipe, &said](storage::PutOutcome outcome) {
                                  if (outcome != storage::PutOutcome::stored || !told) return;
                                  if (::write(pipe, &*told, sizeof *told) != sizeof *told) ::_exit(1);
                                  ++said;
                                }};
    while (!store->submit(std::move(request))) std::this_thread::yield();
  };
  for (std::size_t i = 0;; ++i) {
    Event note = notes.next_unsigned();
    const EventId id = note.id;
    put(std::move(note), Told{'s', id});
    if (i % 3 == 0) put(profiles.next_unsigned(), std::nullopt);
    if (i % 5 == 0) {
      put(unsigned_event({kind::kDeletion, std::to_string(i), {{"e", id.hex()}}, 1'700'000'000, key}), Told{'d', id});
    }
  }
}

// A request may be stored that nobody was told of.
bool is_deleted(const storage::Store& store, const EventId& id) {
  Filter requests;
  requests.kinds = {{kind::kDeletion}};
  requests.tags = {{'e', {id.hex()}}};
  requests.limit = 1;
  storage::Query query({requests}, {});
  const ManualClock clock;
  TimeBudget budget(clock, std::chrono::hours(1), 1000);
  query.run_slice(store, 0, budget, [](const storage::RecordView&) { return true; });
  return query.returned() > 0;
}

std::size_t rounds() {
  const char* wanted = std::getenv("PHAROS_CRASH_ROUNDS");
  return wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 5;
}

// How the process ends once it has said so much; a killed one is killed from outside.
[[noreturn]] void write_until_the_power_goes(const std::filesystem::path& directory, std::size_t key, int pipe,
                                             std::size_t blow) {
  std::atomic<std::size_t> said{0};
  PowerCutFiles files;
  std::thread([&] {
    SeededRandom random(key);
    while (said < blow) std::this_thread::yield();
    for (std::size_t i = random.below(2000); i > 0; --i) std::this_thread::yield();
    files.cut_power(random);
    ::_exit(0);
  }).detach();
  write_without_end(options_for(directory, &files), key, pipe, said);
}

class Crash : public ::testing::TestWithParam<bool> {};

TEST_P(Crash, KeepsWhatWasAcknowledgedAndDeletesWhatWasDeleted) {
  const bool power_cut = GetParam();
  const testing::TempDir directory;
  std::set<EventId> stored;
  std::set<EventId> deleted;
  SeededRandom random(5);
  for (std::size_t round = 0; round < rounds(); ++round) {
    const std::size_t blow = 50 + random.below(600);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      if (power_cut) write_until_the_power_goes(directory.path(), round, ends[1], blow);
      std::atomic<std::size_t> said{0};
      write_without_end(options_for(directory.path()), round, ends[1], said);
    }
    ::close(ends[1]);
    Told told{};
    for (std::size_t received = 0; ::read(ends[0], &told, sizeof told) == sizeof told;) {
      (told.fate == 's' ? stored : deleted).insert(told.id);
      if (++received == blow && !power_cut) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);

    if (round % 10 != 4 && round + 1 != rounds()) continue;
    const SystemClock clock;
    const auto store = std::move(storage::Store::open(options_for(directory.path()), clock).value());
    std::size_t lost = 0;
    std::size_t undone = 0;
    for (const EventId& id : stored) lost += store->contains(id) || is_deleted(*store, id) ? 0 : 1;
    for (const EventId& id : deleted) undone += store->contains(id) ? 1 : 0;
    ASSERT_EQ(lost, 0U) << "round " << round;
    ASSERT_EQ(undone, 0U) << "round " << round;
    store->stop();  // merges
    const auto report = storage::check_database(store->read().value(), store->tables(), {}, {}).value();
    ASSERT_EQ(report.total(), 0U) << (report.findings.empty() ? "" : report.findings.front());
  }
  EXPECT_GT(deleted.size(), rounds() * 5);
}

INSTANTIATE_TEST_SUITE_P(Ends, Crash, ::testing::Bool(),
                         [](const auto& end) { return end.param ? "PowerCut" : "Kill"; });

// Nothing was promised, so anything may be gone; what is left is whole and takes the rest.
TEST(UnloggedCrash, LeavesADatabaseThatTakesEverythingAgain) {
  const testing::TempDir directory;
  constexpr std::size_t kNotes = 1200;
  const SystemClock clock;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    storage::StoreOptions options = options_for(directory.path());
    options.durability = storage::Durability::at_stop;
    std::atomic<std::size_t> said{0};
    write_without_end(options, 0, ends[1], said);
  }
  ::close(ends[1]);
  Told told{};
  for (std::size_t received = 0; ::read(ends[0], &told, sizeof told) == sizeof told;) {
    if (++received == kNotes) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);

  const auto store = std::move(storage::Store::open(options_for(directory.path()), clock).value());
  EXPECT_GT(store->last_seq(), 0U) << "something was merged";
  EventSequence notes({1, "note", {{"t", "x"}}, 1'700'000'000, 0});
  std::array<std::atomic<std::size_t>, 8> outcomes{};
  for (std::size_t i = 0; i < kNotes; ++i) {
    storage::PutRequest request{
        std::make_shared<const Event>(notes.next_unsigned()), 0,
        [&outcomes](storage::PutOutcome outcome) { ++outcomes[static_cast<std::size_t>(outcome)]; }};
    while (!store->submit(std::move(request))) std::this_thread::yield();
  }
  store->stop();
  const auto count = [&](storage::PutOutcome outcome) { return outcomes[static_cast<std::size_t>(outcome)].load(); };
  EXPECT_GT(count(storage::PutOutcome::stored), 0U);
  EXPECT_EQ(
      count(storage::PutOutcome::stored) + count(storage::PutOutcome::duplicate) + count(storage::PutOutcome::deleted),
      kNotes);
  const auto report = storage::check_database(store->read().value(), store->tables(), {}, {}).value();
  EXPECT_EQ(report.total(), 0U) << (report.findings.empty() ? "" : report.findings.front());
}

}  // namespace
}  // namespace pharos::test
