#include "bench/relay_scenarios.h"

#include <algorithm>
#include <cstdio>
#include <regex>

#include <fmt/format.h>

#include "nostr/event_json.h"
#include "nostr/schnorr.h"

namespace pharos::bench {
namespace {

struct Scenario {
  std::vector<std::string> rows;  // what it may add
  void (*run)(RelayBench&);
  bool needs_events;  // that the relay has been loaded
};

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> list = {
      {{"floor"}, run_floor, false},
      {{"ingest 1 x 1", "ingest 64 x 1", "ingest 8 x 64"}, run_ingest, false},
      {{"duplicates 8 x 64"}, run_duplicates, true},
      {{"query mixed", "query profile", "query feed", "query thread", "query home", "query notifications", "query ids",
        "query hashtag", "query window", "query newest 500"},
       run_queries,
       true},
      {{"hostile: profiles beside 10 scans"}, run_hostile, true},
      {{"live 1000 authors", "live everything x 500", "live everything x 500 deflate", "live 100000 authors"},
       run_live,
       true},
      {{"start-up after kill", "stop", "start-up"}, run_start_up, true},
      {{"idle plain", "idle deflate"}, run_idle, true},
      {{"size"}, run_size, true},
      {{"import verified", "import trusted"}, run_import, false},
  };
  return list;
}

}  // namespace

// The time of a measurement ends it before the events do, on a large corpus.
std::size_t live_events(const RelayOptions& options) {
  return 8000 + std::min<std::size_t>(options.events / 3, 400'000);
}

std::optional<Publishing::Item> CorpusRange::next() {
  const auto skip = [this] {
    while (at_ < end_ && take_ && !take_(corpus_.row(at_))) ++at_;
  };
  skip();
  if (at_ >= end_ && repeats_) {
    at_ = begin_;
    skip();
  }
  if (at_ >= end_) return std::nullopt;
  const std::string_view json = corpus_.json(at_++);
  return Publishing::Item{json, json.substr(std::string_view("{\"id\":\"").size(), 64)};
}

bool RelayBench::wanted(const std::string& scenario) const {
  return std::regex_search(scenario, std::regex(options.only));
}

std::chrono::milliseconds RelayBench::duration(double factor) const {
  const double seconds =
      options.seconds > 0 ? options.seconds : std::clamp(static_cast<double>(options.events) / 25'000, 0.4, 4.0);
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * factor * 1000));
}

void RelayBench::add(const std::string& scenario, const Measures& measures, const std::string& remark) {
  report.add(scenario, measures, remark);
  const auto row = std::ranges::find(report.rows(), scenario, &ReportRow::scenario);
  fmt::print("{}", RelayReport::line(*row));
  std::fflush(stdout);
}

Span RelayBench::measure(const std::function<void()>& work, bool settle) {
  const SystemClock clock;
  const auto pids = relay.pids();
  Span span;
  span.before = process_use(pids);
  const SteadyTime begin = clock.now();
  work();
  span.seconds = std::chrono::duration<double>(clock.now() - begin).count();
  span.after = process_use(pids);
  if (!settle || pids.empty()) return span;
  LoadLoop pause(relay.address());
  for (int quarter = 0; quarter < 40; ++quarter) {
    pause.run([] { return false; }, std::chrono::milliseconds(250));
    const double used = span.after.cpu_seconds;
    span.after = process_use(pids);
    if (span.after.cpu_seconds - used < 0.01) break;
  }
  return span;
}

Measures RelayBench::columns(const Span& span, double count, const LoadHistogram* latency) const {
  Measures out = {{measure::kCount, count}, {measure::kPerSecond, count / span.seconds}};
  const double each = std::max(count, 1.0);
  if (!relay.pids().empty()) {
    out.emplace_back(measure::kCpu, span.cpu_us() / each);
    if (floor_us > 0) out.emplace_back(measure::kFloors, span.cpu_us() / each / floor_us);
    out.emplace_back(measure::kSwitches, static_cast<double>(span.after.switches - span.before.switches) / each);
    out.emplace_back(measure::kResident, span.after.rss_mb);
    out.emplace_back(measure::kAnonymous, span.after.anonymous_mb);
  }
  if (latency) {
    out.emplace_back(measure::kP50, static_cast<double>(latency->percentile(0.50)) * 1e-6);
    out.emplace_back(measure::kP99, static_cast<double>(latency->percentile(0.99)) * 1e-6);
  }
  return out;
}

bool RelayBench::prepare() {
  if (!relay.is_ours()) {
    if (options.loaded) published = options.events;
    return true;
  }
  if (!relay.start()) return false;
  const auto any_wanted = [this](const Scenario& s) {
    return std::ranges::any_of(s.rows, [this](const std::string& row) { return wanted(row); });
  };
  const bool ingest = any_wanted(scenarios()[1]);
  const bool needs =
      std::ranges::any_of(scenarios(), [&](const Scenario& s) { return s.needs_events && any_wanted(s); });
  if (ingest || !needs) return true;
  relay.stop();
  const Cost imported = relay.import(corpus, options.events);
  if (!imported.fault.empty()) fmt::print(stderr, "import: {}\n", imported.fault);
  published = options.events;
  return relay.start().has_value();
}

bool RelayBench::run() {
  run_floor(*this);
  if (!prepare()) return false;
  for (const Scenario& scenario : scenarios()) {
    if (scenario.run == run_floor) continue;
    const bool any = std::ranges::any_of(scenario.rows, [this](const std::string& row) { return wanted(row); });
    if (!any) continue;
    if (scenario.needs_events && published == 0) {
      CorpusRange all(corpus, 0, options.events);
      publish(*this, all, 8, 64, std::chrono::hours(3), true);
      published = options.events;
    }
    scenario.run(*this);
  }
  return true;
}

void run_floor(RelayBench& bench) {
  const std::size_t count = std::min<std::size_t>(bench.options.events, 20'000);
  Event event;
  // CPU as for the server, so that others on the machine do not raise the floor.
  const double begin = thread_cpu_seconds();
  for (std::size_t i = 0; i < count; ++i) {
    if (!parse_event(bench.corpus.json(i), event) || verify_event(event) != EventFault::none) std::abort();
  }
  const double seconds = thread_cpu_seconds() - begin;
  const auto each = static_cast<double>(count);
  bench.floor_us = seconds * 1e6 / each;
  bench.add("floor",
            {{measure::kCount, each},
             {measure::kPerSecond, each / seconds},
             {measure::kCpu, bench.floor_us},
             {measure::kFloors, 1},
             {"JSON bytes an event", static_cast<double>(bench.corpus.lines(count).size()) / each}},
            "parse, hash, verify");
}

}  // namespace pharos::bench
