// kill -9 in the middle of a load: whatever was acknowledged is there afterwards, and the database is whole.

#include <atomic>
#include <condition_variable>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "nostr/event_json.h"
#include "nostr/message.h"
#include "support/eventually.h"
#include "support/pharos_instance.h"
#include "support/signed_notes.h"
#include "support/ws_client.h"

namespace pharos::testing {
namespace {

constexpr std::size_t kClients = 4;
constexpr std::size_t kInFlight = 64;

// Pipelines its share of the events to the relay, reconnects after a crash and sends again what was not acknowledged.
class Loader {
 public:
  Loader(std::span<const Event> events, std::atomic<std::size_t>& acknowledged)
      : events_(events), total_acknowledged_(acknowledged) {
    for (std::size_t i = 0; i < events.size(); ++i) todo_.insert(i);
  }

  // Returns when everything is acknowledged or the connection is lost.
  void run(const std::string& address) {
    std::optional<WsClient> client;
    try {
      client.emplace(address);
    } catch (const std::runtime_error&) {
      return;
    }
    std::map<std::string, std::size_t> in_flight;
    auto next = todo_.begin();
    while (!todo_.empty()) {
      while (in_flight.size() < kInFlight && next != todo_.end()) {
        std::string text;
        append_event_command(text, events_[*next]);
        if (!client->send(text)) return;
        in_flight.emplace(events_[*next].id.hex(), *next);
        ++next;
      }
      const auto reply = client->receive(std::chrono::seconds(30));
      if (!reply) return;
      const auto parsed = parse_relay_message(*reply);
      const auto* ok = parsed ? std::get_if<OkReply>(&parsed.value()) : nullptr;
      if (ok == nullptr) continue;
      EXPECT_TRUE(ok->accepted) << *reply;
      const auto found = in_flight.find(ok->id.hex());
      if (found == in_flight.end()) continue;
      if (next != todo_.end() && *next == found->second) ++next;
      todo_.erase(found->second);
      in_flight.erase(found);
      acknowledged_.insert(ok->id.hex());
      ++total_acknowledged_;
    }
  }

  bool finished() const { return todo_.empty(); }
  const std::set<std::string>& acknowledged() const { return acknowledged_; }

 private:
  std::span<const Event> events_;
  std::set<std::size_t> todo_;
  std::set<std::string> acknowledged_;
  std::atomic<std::size_t>& total_acknowledged_;
};

std::set<std::string> exported_ids(const PharosInstance& instance) {
  const Ran exported = instance.command({"export"});
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  std::set<std::string> ids;
  std::istringstream lines(exported.out);
  Event event;
  for (std::string line; std::getline(lines, line);) {
    const auto parsed = parse_event(line, event);
    EXPECT_TRUE(parsed.has_value()) << line;
    EXPECT_TRUE(ids.insert(event.id.hex()).second) << "exported twice: " << line;
  }
  return ids;
}

TEST(Crash, TenKillsDuringALoadLoseNothingAcknowledged) {
  constexpr std::size_t kEvents = 50'000;
  constexpr int kKills = 10;
  const SystemClock clock;
  const auto events = signed_notes(kEvents, clock.unix_now() - 40'000, 7);
  std::atomic<std::size_t> acknowledged{0};
  std::vector<Loader> loaders;
  for (std::size_t i = 0; i < kClients; ++i) {
    const std::size_t share = kEvents / kClients;
    loaders.emplace_back(std::span(events).subspan(i * share, share), acknowledged);
  }

  // Merges are under way when the blows fall.
  ::setenv("PHAROS_STORAGE__MEMTABLE_SIZE", "4MiB", 1);
  PharosInstance relay;
  SeededRandom random(42);
  for (int round = 0; round <= kKills; ++round) {
    ASSERT_TRUE(relay.start()) << relay.log();
    std::vector<std::thread> threads;
    for (Loader& loader : loaders) threads.emplace_back([&] { loader.run(relay.relay_address()); });
    if (round < kKills) {
      // Each round acknowledges 2 to 8 % of the load before the blow, wherever the writer then is.
      const std::size_t mark = acknowledged + kEvents / 50 + random.below(kEvents * 6 / 100);
      EXPECT_TRUE(
          eventually([&] { return acknowledged >= mark || acknowledged == kEvents; }, std::chrono::seconds(120)));
      relay.kill();
    }
    for (std::thread& thread : threads) thread.join();

    const Ran check = relay.command({"db", "check"});
    ASSERT_EQ(check.exit_code, 0) << "round " << round << "\n" << check.out << check.err;
    const auto stored = exported_ids(relay);
    for (const Loader& loader : loaders) {
      for (const std::string& id : loader.acknowledged())
        ASSERT_TRUE(stored.contains(id)) << "round " << round << " lost " << id;
    }
  }
  for (const Loader& loader : loaders) EXPECT_TRUE(loader.finished());
  EXPECT_EQ(relay.terminate(), 0) << relay.log();
}

}  // namespace
}  // namespace pharos::testing
