// The whole program under load over loopback: import, ingest, query mixes and live fan-out, each with events per second
// and the server's CPU time per event beside the floor (parse, hash, verify) measured in the same run.
//
//   bench_serve [events]      default 20000; a release build gives the figures that count

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <latch>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "nostr/canonical.h"
#include "nostr/event_json.h"
#include "nostr/message.h"
#include "support/eventually.h"
#include "support/pharos_instance.h"
#include "support/signed_notes.h"
#include "support/ws_client.h"

namespace pharos::testing {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// CPU seconds (user and system) that a process has used so far.
double cpu_seconds(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skip;
  for (int i = 0; i < 11; ++i) fields >> skip;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t bytes_written(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/io");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("write_bytes: ")) return std::strtoull(line.c_str() + 13, nullptr, 10);
  }
  return 0;
}

double floor_microseconds = 0;

void heading() {
  fmt::print("{:<44} {:>10} {:>12} {:>10} {:>8}  {}\n", "work", "seconds", "per second", "CPU-us", "x floor", "notes");
}

void row(const std::string& work, double seconds, double units, double cpu, const std::string& notes = {}) {
  const double each = cpu * 1e6 / units;
  fmt::print("{:<44} {:>10.2f} {:>12.0f} {:>10.2f} {:>8.2f}  {}\n", work, seconds, units / seconds, each,
             each / floor_microseconds, notes);
}

void measure_floor(const std::vector<Event>& events) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < std::min<std::size_t>(events.size(), 5000); ++i) {
    append_event_json(texts.emplace_back(), events[i]);
  }
  Event event;
  const auto start = SteadyClock::now();
  for (const std::string& text : texts) {
    if (!parse_event(text, event) || verify_event(event) != EventFault::none) std::abort();
  }
  const double seconds = seconds_since(start);
  floor_microseconds = seconds * 1e6 / static_cast<double>(texts.size());
  row("floor: parse, hash, verify", seconds, static_cast<double>(texts.size()), seconds);
}

void bench_import(const std::vector<Event>& events) {
  PharosInstance instance;
  if (!instance.start()) std::abort();
  instance.terminate();  // leaves the settings file and an empty database
  std::string lines;
  for (const Event& event : events) {
    append_event_json(lines, event);
    lines += '\n';
  }
  rusage before{};
  ::getrusage(RUSAGE_CHILDREN, &before);
  const auto start = SteadyClock::now();
  const Ran ran = instance.command({"import", "-"}, lines);
  const double seconds = seconds_since(start);
  rusage after{};
  ::getrusage(RUSAGE_CHILDREN, &after);
  const auto total = [](const rusage& usage) {
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
  };
  if (ran.exit_code != 0) fmt::print("import failed: {}\n", ran.err);
  row("import, verified", seconds, static_cast<double>(events.size()), total(after) - total(before),
      fmt::format("{:.1f} MB of JSON", static_cast<double>(lines.size()) / 1e6));
}

// Runs work(i) on n threads at once.
void in_parallel(std::size_t n, const std::function<void(std::size_t)>& work) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < n; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

void publish_all(const std::string& address, std::span<const Event> events, std::size_t in_flight,
                 std::vector<double>& latencies) {
  WsClient client(address);
  std::vector<SteadyClock::time_point> sent(events.size());
  std::unordered_map<EventId, std::size_t> index;
  std::size_t next = 0;
  std::size_t done = 0;
  std::string text;
  while (done < events.size()) {
    while (next < events.size() && next - done < in_flight) {
      text.clear();
      append_event_command(text, events[next]);
      index.emplace(events[next].id, next);
      sent[next++] = SteadyClock::now();
      client.send(text);
    }
    const auto reply = client.receive();
    if (!reply) std::abort();
    if (!reply->starts_with("[\"OK\"")) continue;
    const auto id = EventId::from_hex(std::string_view(*reply).substr(7, 64));
    latencies.push_back(seconds_since(sent[index.at(*id)]) * 1e3);
    ++done;
  }
}

void bench_ingest(PharosInstance& relay, std::span<const Event> events, std::size_t connections,
                  std::size_t in_flight) {
  std::vector<std::vector<double>> latencies(connections);
  const double cpu = cpu_seconds(relay.process().pid());
  const std::uint64_t written = bytes_written(relay.process().pid());
  const auto start = SteadyClock::now();
  in_parallel(connections, [&](std::size_t i) {
    const std::size_t share = events.size() / connections;
    publish_all(relay.relay_address(), events.subspan(i * share, share), in_flight, latencies[i]);
  });
  const double seconds = seconds_since(start);
  std::vector<double> all;
  for (const auto& some : latencies) all.insert(all.end(), some.begin(), some.end());
  std::ranges::sort(all);
  const auto count = static_cast<double>(all.size());
  row(fmt::format("ingest, {} connections x {}", connections, in_flight), seconds, count,
      cpu_seconds(relay.process().pid()) - cpu,
      fmt::format("OK p50 {:.1f} ms p99 {:.1f} ms, {:.1f} KB written an event", all[all.size() / 2],
                  all[all.size() * 99 / 100],
                  static_cast<double>(bytes_written(relay.process().pid()) - written) / 1e3 / count));
}

void bench_queries(PharosInstance& relay, const std::string& work, std::size_t queries,
                   const std::function<std::string(std::size_t)>& filter_of) {
  constexpr std::size_t kConnections = 4;
  std::atomic<std::size_t> events{0};
  const double cpu = cpu_seconds(relay.process().pid());
  const auto start = SteadyClock::now();
  in_parallel(kConnections, [&](std::size_t connection) {
    WsClient client(relay.relay_address());
    std::size_t got = 0;
    for (std::size_t i = connection; i < queries; i += kConnections) {
      client.send("[\"REQ\",\"q\"," + filter_of(i) + "]");
      while (true) {
        const auto reply = client.receive();
        if (!reply) std::abort();
        if (reply->starts_with("[\"EOSE\"") || reply->starts_with("[\"CLOSED\"")) break;
        if (reply->starts_with("[\"EVENT\"")) ++got;
      }
      client.send("[\"CLOSE\",\"q\"]");
    }
    events += got;
  });
  const double seconds = seconds_since(start);
  const double used = cpu_seconds(relay.process().pid()) - cpu;
  const auto returned = static_cast<double>(events.load());
  row("query: " + work, seconds, static_cast<double>(queries), used,
      fmt::format("{:.0f} events/s, {:.2f} CPU-us an event sent", returned / seconds,
                  returned > 0 ? used * 1e6 / returned : 0.0));
}

void bench_fan_out(PharosInstance& relay, std::span<const Event> events, std::size_t connections,
                   std::size_t subscriptions) {
  std::latch ready(static_cast<std::ptrdiff_t>(connections + 1));
  std::atomic<std::size_t> delivered{0};
  const std::size_t expected = events.size() * connections * subscriptions;
  std::vector<std::thread> listeners;
  for (std::size_t i = 0; i < connections; ++i) {
    listeners.emplace_back([&] {
      WsClient client(relay.relay_address());
      for (std::size_t s = 0; s < subscriptions; ++s) {
        client.send(fmt::format("[\"REQ\",\"live{}\",{{\"limit\":0}}]", s));
      }
      for (std::size_t eose = 0; eose < subscriptions;) {
        const auto reply = client.receive();
        if (!reply) std::abort();
        if (reply->starts_with("[\"EOSE\"")) ++eose;
      }
      ready.arrive_and_wait();
      for (std::size_t got = 0; got < events.size() * subscriptions;) {
        const auto reply = client.receive();
        if (!reply) return;
        if (reply->starts_with("[\"EVENT\"")) {
          ++got;
          ++delivered;
        }
      }
    });
  }
  ready.arrive_and_wait();
  const double cpu = cpu_seconds(relay.process().pid());
  const auto start = SteadyClock::now();
  std::vector<double> latencies;
  publish_all(relay.relay_address(), events, 64, latencies);
  for (std::thread& listener : listeners) listener.join();
  row(fmt::format("live: {} connections x {} to everything", connections, subscriptions), seconds_since(start),
      static_cast<double>(delivered.load()), cpu_seconds(relay.process().pid()) - cpu,
      fmt::format("{} of {} delivered", delivered.load(), expected));
}

int run_all(std::size_t n) {
  const SystemClock clock;
  const auto events = signed_notes(n, clock.unix_now() - static_cast<UnixSeconds>(n) / 4 - 10, 3);
  const auto live = signed_notes(500, clock.unix_now(), 4);
  heading();
  measure_floor(events);
  bench_import(events);

  PharosInstance relay("max_subscriptions = 100");
  if (!relay.start()) {
    fmt::print("the relay did not start:\n{}\n", relay.log());
    return 1;
  }
  const std::span all(events);
  const std::size_t single = std::min<std::size_t>(500, n / 10);
  const std::size_t many = (n - single) / 2;
  bench_ingest(relay, all.subspan(0, single), 1, 1);
  bench_ingest(relay, all.subspan(single, many), 8, 64);
  bench_ingest(relay, all.subspan(single + many, many), 64, 1);
  bench_ingest(relay, all.subspan(single, many), 8, 64);  // the second time all of them are duplicates

  const auto author = [&](std::size_t i) { return events[i % 8].pubkey.hex(); };
  bench_queries(relay, "author feed, limit 50", 2000,
                [&](std::size_t i) { return "{\"authors\":[\"" + author(i) + "\"],\"kinds\":[1],\"limit\":50}"; });
  bench_queries(relay, "hashtag, limit 50", 2000,
                [&](std::size_t i) { return "{\"#t\":[\"load" + std::to_string(i % 10) + "\"],\"limit\":50}"; });
  bench_queries(relay, "one id", 5000, [&](std::size_t i) { return "{\"ids\":[\"" + events[i % n].id.hex() + "\"]}"; });
  bench_queries(relay, "newest 500 of kind 1", 200, [](std::size_t) { return "{\"kinds\":[1],\"limit\":500}"; });
  bench_fan_out(relay, live, 10, 10);
  return relay.terminate().value_or(1);
}

}  // namespace
}  // namespace pharos::testing

int main(int argc, char** argv) {
  const std::size_t events = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000;
  return pharos::testing::run_all(std::max<std::size_t>(events, 1000));
}
