// A soak: for minutes on end clients that come and go, garbage on every layer, subscriptions, queries and ingest at
// once, while clients that behave are served. Says every minute what the relay holds, and at the end whether any of
// that grew and whether an honest client was ever failed.
//
//   bench_soak [--minutes M] [--rate EVENTS_A_SECOND]
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/paths.h"
#include "support/pharos_instance.h"
#include "support/raw_socket.h"
#include "support/signed_notes.h"
#include "util/sync.h"

namespace pharos::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMostTold = 20;

struct Held {
  std::size_t anonymous_kb = 0;  // memory that is no page of a file
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  double connections = 0;
  double subscriptions = 0;
};

class Soak {
 public:
  Soak(int minutes, std::size_t rate) : minutes_(minutes), rate_(rate) {}

  int run() {
    if (!relay_.start()) {
      fmt::print(stderr, "{}\n", relay_.log());
      return 1;
    }
    address_ = relay_.relay_address();
    std::vector<std::thread> threads;
    threads.emplace_back([this] { publish(); });
    threads.emplace_back([this] { be_honest(); });
    threads.emplace_back([this] { churn(); });
    threads.emplace_back([this] { say_garbage(); });
    threads.emplace_back([this] { subscribe(); });
    fmt::print("{:>6} {:>10} {:>9} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>8}\n", "minute", "anon KB", "files",
               "threads", "conns", "subs", "events", "honest", "garbage", "failed");
    std::vector<Held> by_minute;
    for (int minute = 1; minute <= minutes_ && relay_.process().running(); ++minute) {
      by_minute.push_back(worst_of_a_minute());
      const Held& held = by_minute.back();
      fmt::print("{:>6} {:>10} {:>9} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>8}\n", minute, held.anonymous_kb,
                 held.descriptors, held.threads, held.connections, held.subscriptions, published_.load(),
                 served_.load(), garbage_.load(), failed_.load());
      std::fflush(stdout);
    }
    stop();
    for (std::thread& thread : threads) thread.join();
    return judge(by_minute);
  }

 private:
  // Nothing may be larger in the last third than in the third before it, but for a tenth of memory; what clients held
  // is given back.
  int judge(const std::vector<Held>& by_minute) {
    if (!relay_.process().running()) {
      fmt::print("the relay ended: {}\n", relay_.log());
      return 1;
    }
    const auto most = [&](std::size_t from, std::size_t to, auto figure) {
      double largest = 0;
      for (std::size_t i = from; i < to; ++i) largest = std::max(largest, static_cast<double>(by_minute[i].*figure));
      return largest;
    };
    const std::size_t third = by_minute.size() / 3;
    const std::size_t last = by_minute.size() - third;
    const double memory_before = most(last - third, last, &Held::anonymous_kb);
    const double memory_after = most(last, by_minute.size(), &Held::anonymous_kb);
    const Held now = rest();
    fmt::print("memory {:.0f} KB, then {:.0f} KB; after all left: {} descriptors, {} connections, {} subscriptions\n",
               memory_before, memory_after, now.descriptors, now.connections, now.subscriptions);
    const bool good = failed_ == 0 && memory_after <= 1.1 * memory_before && now.connections == 0 &&
                      now.subscriptions == 0 && relay_.terminate() == 0;
    fmt::print("{}\n", good ? "nothing grew, nobody was failed" : "FAILED");
    return good ? 0 : 1;
  }

  // When the clients have gone.
  Held rest() {
    Held held;
    eventually([&] {
      held = look();
      return held.connections == 0;
    });
    return held;
  }

  Held worst_of_a_minute() {
    Held worst;
    for (int i = 0; i < 12 && relay_.process().running(); ++i) {
      pause(seconds(5));
      const Held held = look();
      worst.anonymous_kb = std::max(worst.anonymous_kb, held.anonymous_kb);
      worst.descriptors = std::max(worst.descriptors, held.descriptors);
      worst.threads = std::max(worst.threads, held.threads);
      worst.connections = std::max(worst.connections, held.connections);
      worst.subscriptions = std::max(worst.subscriptions, held.subscriptions);
    }
    return worst;
  }

  Held look() {
    Held held;
    const std::filesystem::path process = "/proc/" + std::to_string(relay_.process().pid());
    std::ifstream status(process / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("RssAnon:")) held.anonymous_kb = std::stoul(line.substr(8));
      if (line.starts_with("Threads:")) held.threads = std::stoul(line.substr(8));
    }
    std::error_code gone;
    for (const auto& file : std::filesystem::directory_iterator(process / "fd", gone)) {
      held.descriptors += file.path().empty() ? 0 : 1;
    }
    const std::string metrics = http_get(relay_.admin_address(), "/metrics").body;
    held.connections = figure(metrics, "pharos_connections{listener=\"relay\"} ");
    held.subscriptions = figure(metrics, "pharos_subscriptions ");
    return held;
  }

  static double figure(const std::string& metrics, const std::string& name) {
    const std::size_t at = metrics.find("\n" + name);
    return at == std::string::npos ? -1 : std::strtod(metrics.c_str() + at + 1 + name.size(), nullptr);
  }

  void stop() {
    {
      Lock lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
  }
  bool is_stopping() {
    Lock lock(mutex_);
    return stopping_;
  }
  // Shorter where the end comes first.
  void pause(std::chrono::steady_clock::duration time) {
    const auto until = std::chrono::steady_clock::now() + time;
    Lock lock(mutex_);
    while (!stopping_ && lock.wait_until(changed_, until) != std::cv_status::timeout) {
    }
  }

  void fail(std::string_view what) {
    if (++failed_ <= kMostTold) fmt::print("an honest client was failed: {}\n", what);
  }

  // The work of a client, again and again; what it throws for want of a connection is its failure when it is honest.
  template <class Work>
  void again(bool honest, Work work) {
    while (!is_stopping()) {
      try {
        work();
      } catch (const std::exception& error) {
        if (honest) fail(error.what());
        pause(milliseconds(50));
      }
    }
  }

  void publish() {
    std::uint64_t round = 0;
    again(true, [&] {
      NostrClient client(address_);
      const auto began = std::chrono::steady_clock::now();
      const auto notes = signed_notes(rate_ * 5, SystemClock().unix_now() - 600, 1'000 + round++, 400);
      for (std::size_t i = 0; i < notes.size() && !is_stopping(); ++i) {
        if (!client.publish(notes[i]).accepted) fail("an event was refused");
        ++published_;
        const auto due = began + milliseconds(1'000) * static_cast<long>(i) / static_cast<long>(rate_);
        pause(due - std::chrono::steady_clock::now());
      }
    });
  }

  // Publishes, is served live, asks for it by id, counts it.
  void be_honest() {
    std::uint64_t round = 0;
    again(true, [&] {
      NostrClient reader(address_);
      NostrClient author(address_);
      const Event note = signed_notes(1, SystemClock().unix_now(), 1'000'000 + round++, 100).front();
      const std::string by_id = R"({"ids":[")" + note.id.hex() + "\"]}";
      reader.subscribe("live", by_id);
      if (!author.publish(note).accepted) return fail("an event was refused");
      auto live = reader.next();
      if (live && std::holds_alternative<AuthReply>(*live)) live = reader.next();  // the challenge of the beginning
      if (!live || !std::holds_alternative<EventReply>(*live)) return fail("it did not come live");
      if (author.query(by_id).size() != 1) return fail("it is not there");
      if (author.query(R"({"limit":100})").size() != 100 && round > 100) return fail("the newest are not there");
      ++served_;
      pause(milliseconds(20));
    });
  }

  // Connections that end in every way there is.
  void churn() {
    std::size_t round = 0;
    again(false, [&] {
      ++round;
      RawSocket socket(address_);
      if (round % 5 == 0) return;  // at once
      socket.send(round % 5 == 1 ? "GET / HTTP/1.1\r\nHost: a\r\nAccept: application/nostr+json\r\n\r\n"
                                 : ws_request());
      if (round % 5 == 2) return;  // during the handshake
      socket.read_until("\r\n\r\n");
      if (round % 5 == 3) socket.send(ws_frame(0x81, R"(["REQ","a",{}])"));  // in the middle of the answer
      if (round % 5 == 4) socket.send(ws_frame(0x88, ws_close(1000)));
    });
  }

  void say_garbage() {
    SeededRandom random(5);
    std::size_t round = 0;
    const std::vector<std::string> messages = {"[",
                                               R"(["EVENT",{"id":1}])",
                                               R"(["REQ","x",{"kinds":["a"]}])",
                                               R"(["NEG-OPEN","n",{},"zz"])",
                                               R"(["AUTH",{}])",
                                               "{}",
                                               R"(["COUNT","c",{"ids":["x"]}])",
                                               std::string(60'000, '[')};
    again(false, [&] {
      RawSocket socket(address_);
      socket.send(ws_request());
      socket.read_until("\r\n\r\n");
      for (int i = 0; i < 20; ++i, ++round, ++garbage_) {
        socket.send(ws_frame(0x81, messages[round % messages.size()]));
      }
      std::string noise(64, '\0');
      random.fill({reinterpret_cast<std::uint8_t*>(noise.data()), noise.size()});
      socket.send(noise);
      socket.ends_within(milliseconds(200));
    });
  }

  // Many subscriptions and counts at once, opened anew all the time.
  void subscribe() {
    again(false, [&] {
      NostrClient client(address_);
      for (int i = 0; i < 200 && !is_stopping(); ++i) {
        const std::string name = std::to_string(i % 100);
        client.ws().send("[\"REQ\",\"" + name + R"(",{"kinds":[1],"limit":50},{"#t":["load)" + name + "\"]}]");
        client.ws().send("[\"COUNT\",\"c" + name + R"(",{"kinds":[1]}])");
        while (client.next(milliseconds(2))) {
        }
      }
    });
  }

  const int minutes_;
  const std::size_t rate_;
  PharosInstance relay_{"handshake_timeout = \"2s\"\n"};
  std::string address_;
  Mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ PHAROS_GUARDED_BY(mutex_) = false;
  std::atomic<std::size_t> published_{0};
  std::atomic<std::size_t> served_{0};
  std::atomic<std::size_t> garbage_{0};
  std::atomic<std::size_t> failed_{0};
};

}  // namespace
}  // namespace pharos::testing

int main(int argc, char** argv) {
  CLI::App app{"Serves honest clients among others for minutes on end, and says whether anything grew"};
  int minutes = 20;
  std::size_t rate = 200;
  app.add_option("--minutes", minutes, "how long")->check(CLI::Range(3, 10'000));
  app.add_option("--rate", rate, "events a second")->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, argc, argv);
  return pharos::testing::Soak(minutes, rate).run();
}
