// A process that writes and goes down in the middle of it: everything it was told is stored is there afterwards.
#include <csignal>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/check.h"
#include "storage/store.h"
#include "storage/txn.h"
#include "support/event_factory.h"
#include "support/temp_dir.h"
#include "util/clock.h"

namespace pharos::test {
namespace {

storage::StoreOptions options_for(const std::filesystem::path& directory) {
  storage::StoreOptions options;
  options.directory = directory;
  options.map_size_bytes = 256U << 20U;
  return options;
}

// Stores without end and writes each acknowledged id to the pipe, one write() each, from the writer thread.
[[noreturn]] void write_until_killed(const std::filesystem::path& directory, std::size_t key, int pipe) {
  const SystemClock clock;
  const auto store = std::move(storage::Store::open(options_for(directory), clock).value());
  EventSequence notes({1, "note", {{"t", "x"}}, 1'700'000'000, key});
  // Every third takes the place of another, so that erasures are under way as well.
  EventSequence profiles({0, "profile", {}, 1'700'000'000, key});
  for (std::size_t i = 0;; ++i) {
    const auto event = std::make_shared<const Event>(i % 3 == 0 ? profiles.next_unsigned() : notes.next_unsigned());
    const bool replaced_later = event->kind == 0;
    storage::PutRequest request{event, 0, [event, replaced_later, pipe](storage::PutOutcome outcome) {
                                  if (outcome != storage::PutOutcome::stored || replaced_later) return;
                                  if (::write(pipe, event->id.data.data(), 32) != 32) ::_exit(1);
                                }};
    while (!store->submit(std::move(request))) std::this_thread::yield();
  }
}

TEST(Crash, KeepsEverythingThatWasAcknowledged) {
  const testing::TempDir directory;
  std::set<EventId> acknowledged;
  for (std::size_t round = 0; round < 5; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(directory.path(), round, ends[1]);
    }
    ::close(ends[1]);
    EventId id;
    std::size_t received = 0;
    while (::read(ends[0], id.data.data(), 32) == 32) {
      acknowledged.insert(id);
      if (++received == 200 + 37 * round) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
  }
  ASSERT_GT(acknowledged.size(), 1000U);

  const SystemClock clock;
  const auto store = std::move(storage::Store::open(options_for(directory.path()), clock).value());
  std::size_t lost = 0;
  for (const EventId& id : acknowledged) lost += store->contains(id) ? 0 : 1;
  EXPECT_EQ(lost, 0U);
  store->stop();  // merges
  const auto report = storage::check_database(store->read().value(), store->tables(), {}, {}).value();
  EXPECT_EQ(report.total(), 0U) << (report.findings.empty() ? "" : report.findings.front());
  EXPECT_GE(report.events, acknowledged.size());
}

}  // namespace
}  // namespace pharos::test
