// `pharos backup` and `pharos db compact` beside an instance under load, and what a killed backup leaves.

#include <algorithm>
#include <atomic>
#include <fstream>
#include <set>
#include <span>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "nostr/event_json.h"
#include "nostr/message.h"
#include "support/eventually.h"
#include "support/pharos_instance.h"
#include "support/read_file.h"
#include "support/signed_notes.h"
#include "support/ws_client.h"
#include "util/sync.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kInFlight = 64;

std::vector<Event> notes(std::size_t count) { return signed_notes(count, SystemClock().unix_now() - 40'000, 7, 1000); }

// Publishes notes one behind the other until it is told to stop.
class Load {
 public:
  Load(const std::string& address, std::span<const Event> events) : events_(events), client_(address) {
    thread_ = std::thread([this] { run(); });
  }
  ~Load() {
    stop_ = true;
    thread_.join();
  }
  std::set<std::string> acknowledged() {
    Lock lock(mutex_);
    return acknowledged_;
  }
  bool finished() { return acknowledged().size() == events_.size(); }

 private:
  void run() {
    std::size_t sent = 0;
    for (std::size_t answered = 0; answered < events_.size() && !stop_;) {
      for (; sent < events_.size() && sent < answered + kInFlight; ++sent) {
        std::string text;
        append_event_command(text, events_[sent]);
        if (!client_.send(text)) return;
      }
      const auto reply = client_.receive(std::chrono::seconds(30));
      if (!reply) return;
      const auto parsed = parse_relay_message(*reply);
      const auto* ok = parsed ? std::get_if<OkReply>(&parsed.value()) : nullptr;
      if (ok == nullptr) continue;
      EXPECT_TRUE(ok->accepted) << *reply;
      ++answered;
      Lock lock(mutex_);
      acknowledged_.insert(ok->id.hex());
    }
  }

  const std::span<const Event> events_;
  WsClient client_;
  std::atomic<bool> stop_{false};
  Mutex mutex_;
  std::set<std::string> acknowledged_ PHAROS_GUARDED_BY(mutex_);
  std::thread thread_;
};

// An instance whose storage.directory is `data`: its commands, that is.
Ran command_on(const std::filesystem::path& data, std::vector<std::string> words) {
  const std::filesystem::path config = data.string() + ".toml";
  std::ofstream(config) << "[storage]\ndirectory = \"" << data.string() << "\"\nmap_size = \"16GiB\"\n";
  words.insert(words.begin(), pharos_program());
  words.insert(words.end(), {"--config", config.string()});
  return run(words);
}

std::set<std::string> stored_in(const std::filesystem::path& data) {
  const Ran scanned = command_on(data, {"scan"});
  EXPECT_EQ(scanned.exit_code, 0) << scanned.err;
  std::set<std::string> ids;
  std::istringstream lines(scanned.out);
  for (std::string line; std::getline(lines, line);) ids.insert(line);
  return ids;
}

TEST(Backup, UnderLoadHoldsEverythingAcknowledgedBefore) {
  ::setenv("PHAROS_STORAGE__MEMTABLE_SIZE", "1MiB", 1);
  const auto events = notes(12'000);
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  const std::string identity = read_file(relay.data() / "identity.key");
  {
    Load load(relay.relay_address(), events);
    for (std::size_t round = 1; round <= 3; ++round) {
      ASSERT_TRUE(eventually([&] { return load.acknowledged().size() >= round * 2'500; }, std::chrono::seconds(60)));
      const auto before = load.acknowledged();
      const auto copy = relay.directory() / ("copy" + std::to_string(round));
      const Ran backup = relay.command({"backup", copy.string()});
      ASSERT_EQ(backup.exit_code, 0) << backup.err;
      EXPECT_THAT(backup.out, HasSubstr("secret key"));

      const Ran check = command_on(copy, {"db", "check"});
      EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
      const auto stored = stored_in(copy);
      for (const std::string& id : before) ASSERT_TRUE(stored.contains(id)) << "round " << round << " lacks " << id;
    }
  }
  ASSERT_EQ(relay.terminate(), 0) << relay.log();

  std::filesystem::remove_all(relay.data());
  std::filesystem::rename(relay.directory() / "copy3", relay.data());
  ASSERT_TRUE(relay.start()) << relay.log();
  EXPECT_EQ(read_file(relay.data() / "identity.key"), identity);
  {
    Load more(relay.relay_address(), events);
    EXPECT_TRUE(eventually([&] { return more.finished(); }, std::chrono::seconds(60)));
  }
  EXPECT_EQ(relay.terminate(), 0) << relay.log();
  EXPECT_EQ(stored_in(relay.data()).size(), events.size());
  const Ran check = relay.command({"db", "check"});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
}

TEST(Backup, AKilledOneLeavesNothingThatLooksWhole) {
  const auto events = notes(4'000);
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  {
    Load load(relay.relay_address(), events);
    ASSERT_TRUE(eventually([&] { return load.finished(); }, std::chrono::seconds(60)));
  }
  ASSERT_EQ(relay.terminate(), 0) << relay.log();

  const auto copy = relay.directory() / "copy";
  const auto part = relay.directory() / "copy.part";
  Process backup({pharos_program(), "backup", copy.string(), "--config", relay.config_file().string()}, {}, {});
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(part) || !backup.running(); }));
  backup.signal(SIGKILL);
  // It may have been quicker than the blow; then it is whole.
  const bool whole = backup.wait() == 0;
  EXPECT_EQ(std::filesystem::exists(copy), whole);
  if (whole) std::filesystem::remove_all(copy);

  const Ran again = relay.command({"backup", copy.string()});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_FALSE(std::filesystem::exists(part));
  EXPECT_EQ(stored_in(copy).size(), events.size());
}

// Deletion requests of one author for all of its notes but the last ten.
std::vector<Event> deletions(const std::vector<Event>& notes, const SecretKey& author) {
  SeededRandom random(3);
  std::vector<Event> requests;
  for (std::size_t i = 0; i + 10 < notes.size(); i += 50) {
    Event& request = requests.emplace_back();
    request.kind = 5;
    request.created_at = notes.back().created_at;
    for (std::size_t j = i; j < std::min(i + 50, notes.size() - 10); ++j) request.tags.add({"e", notes[j].id.hex()});
    sign_event(request, author, random);
  }
  return requests;
}

// The size of the one database file there.
std::uintmax_t database_bytes(const std::filesystem::path& data) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data)) {
    if (entry.path().extension() == ".mdb" && entry.path().filename() != "lock.mdb") bytes += entry.file_size();
  }
  return bytes;
}

TEST(Compaction, UnderLoadGivesRoomBackAndLosesNothing) {
  ::setenv("PHAROS_STORAGE__MEMTABLE_SIZE", "1MiB", 1);
  SeededRandom random(1);
  const SecretKey author = generate_secret_key(random);
  auto bulk = signed_notes(5'000, SystemClock().unix_now() - 40'000, 11, 2000);
  for (Event& note : bulk) sign_event(note, author, random);
  const auto requests = deletions(bulk, author);
  const auto events = notes(6'000);
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  for (const auto& wave : {std::span<const Event>(bulk), std::span<const Event>(requests)}) {
    Load load(relay.relay_address(), wave);
    ASSERT_TRUE(eventually([&] { return load.finished(); }, std::chrono::seconds(60)));
  }
  ASSERT_EQ(relay.terminate(), 0) << relay.log();
  ASSERT_TRUE(relay.start()) << relay.log();

  const std::uintmax_t before = database_bytes(relay.data());
  {
    Load load(relay.relay_address(), events);
    for (const std::size_t mark : {500U, 2'000U, 3'500U}) {
      ASSERT_TRUE(eventually([&] { return load.acknowledged().size() >= mark; }, std::chrono::seconds(60)));
      // The one before may still be under way.
      ASSERT_TRUE(eventually([&] { return relay.command({"db", "compact"}).exit_code == 0; })) << relay.log();
      const auto copy = relay.directory() / ("copy" + std::to_string(mark));
      const auto acknowledged = load.acknowledged();
      ASSERT_EQ(relay.command({"backup", copy.string()}).exit_code, 0);
      const auto stored = stored_in(copy);
      for (const std::string& id : acknowledged) ASSERT_TRUE(stored.contains(id)) << mark << " lacks " << id;
    }
    ASSERT_TRUE(eventually([&] { return load.finished(); }, std::chrono::seconds(60)));
  }
  ASSERT_TRUE(eventually([&] { return !std::filesystem::exists(relay.data() / "data.mdb"); }));
  const auto seen = stored_in(relay.data());
  for (const Event& event : events) ASSERT_TRUE(seen.contains(event.id.hex()));
  relay.kill();

  const Ran check = relay.command({"db", "check"});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  const Ran closed = relay.command({"db", "compact"});
  EXPECT_EQ(closed.exit_code, 0) << closed.err;
  EXPECT_THAT(closed.out, HasSubstr("before"));
  const auto stored = stored_in(relay.data());
  for (const Event& event : events) ASSERT_TRUE(stored.contains(event.id.hex()));
  for (const Event& note : std::span(bulk).last(10)) ASSERT_TRUE(stored.contains(note.id.hex()));
  EXPECT_LT(database_bytes(relay.data()), before);
}

bool has_draft(const std::filesystem::path& data) {
  return std::ranges::any_of(std::filesystem::directory_iterator(data),
                             [](const auto& entry) { return entry.path().extension() == ".tmp"; });
}

TEST(Compaction, KilledOnItsWayOrJustAfterLosesNothing) {
  ::setenv("PHAROS_STORAGE__MEMTABLE_SIZE", "1MiB", 1);
  constexpr std::size_t kRounds = 6;
  const auto events = notes(kRounds * 1'500);
  PharosInstance relay;
  std::set<std::string> acknowledged;
  for (std::size_t round = 0; round < kRounds; ++round) {
    ASSERT_TRUE(relay.start()) << relay.log();
    Load load(relay.relay_address(), std::span(events).subspan(round * 1'500, 1'500));
    ASSERT_TRUE(eventually([&] { return load.acknowledged().size() >= 1'000; }, std::chrono::seconds(60)));
    const auto next = relay.data() / fmt::format("data-{}.mdb", round + 1);
    ASSERT_EQ(relay.command({"db", "compact"}).exit_code, 0) << relay.log();
    // While it writes the copy, or once the copy has its name.
    ASSERT_TRUE(
        eventually([&] { return std::filesystem::exists(next) || (round % 2 == 0 && has_draft(relay.data())); }));
    acknowledged.merge(load.acknowledged());
    relay.kill();
    acknowledged.merge(load.acknowledged());

    const Ran check = relay.command({"db", "check"});
    ASSERT_EQ(check.exit_code, 0) << check.out << check.err;
    const auto stored = stored_in(relay.data());
    for (const std::string& id : acknowledged) ASSERT_TRUE(stored.contains(id)) << "round " << round << " lacks " << id;
    if (std::filesystem::exists(next)) continue;
    // So that the next round's copy has the next number.
    ASSERT_EQ(relay.command({"db", "compact"}).exit_code, 0);
  }
}

}  // namespace
}  // namespace pharos::testing
