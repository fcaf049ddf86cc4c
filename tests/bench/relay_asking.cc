// Queries: each sort alone, all of them mixed, and profiles beside scans that read much and find little.

#include <algorithm>

#include <fmt/format.h>

#include "bench/relay_queries.h"
#include "bench/relay_scenarios.h"

namespace pharos::bench {
namespace {

constexpr auto kAnswerTime = std::chrono::seconds(60);

void finish(LoadLoop& loop, Asking& asking) {
  asking.stop();
  loop.run([&] { return asking.idle(); }, kAnswerTime);
}

void ask(RelayBench& bench, const std::string& scenario, const std::vector<std::string>& filters) {
  LoadLoop loop(bench.relay.address());
  std::vector<LoadConnection*> open;
  if (!loop.open(16, open)) return bench.add(scenario, {}, "16 connections could not be opened");
  {
    Asking warming(loop, open, 1, filters);
    warming.start();
    loop.run([] { return false; }, bench.duration(0.15));
    finish(loop, warming);
  }
  Asking asking(loop, open, 1, filters);
  const Span span = bench.measure([&] {
    asking.start();
    loop.run([] { return false; }, bench.duration());
    finish(loop, asking);
  });
  const auto events = static_cast<double>(asking.events());
  const auto count = static_cast<double>(asking.answered());
  Measures measures = bench.columns(span, count, &asking.latency());
  measures.emplace_back("events_per_second", events / span.seconds);
  measures.emplace_back("events a query", events / std::max(count, 1.0));
  if (!bench.relay.pids().empty() && events > 0) measures.emplace_back("CPU-us an event", span.cpu_us() / events);
  std::string remark;
  if (asking.closed() > 0) remark = fmt::format("{} CLOSED", asking.closed());
  if (loop.lost() > 0) remark += fmt::format(" {} connections lost", loop.lost());
  bench.add(scenario, measures, remark);
}

}  // namespace

void run_queries(RelayBench& bench) {
  struct Sort {
    std::string scenario;
    std::string (RelayQueries::*one)();
    std::size_t distinct;
  };
  const std::vector<Sort> sorts = {
      {"query mixed", &RelayQueries::mixed, 4000},   {"query profile", &RelayQueries::profile, 4000},
      {"query feed", &RelayQueries::feed, 4000},     {"query thread", &RelayQueries::thread, 4000},
      {"query home", &RelayQueries::home, 400},      {"query notifications", &RelayQueries::notifications, 4000},
      {"query ids", &RelayQueries::by_ids, 4000},    {"query hashtag", &RelayQueries::by_hashtag, 300},
      {"query window", &RelayQueries::window, 1000}, {"query newest 500", &RelayQueries::newest_notes, 1},
  };
  for (const Sort& sort : sorts) {
    if (!bench.wanted(sort.scenario)) continue;
    RelayQueries queries(bench.corpus, bench.published, bench.options.seed);
    ask(bench, sort.scenario, queries.many(sort.one, sort.distinct));
  }
}

void run_hostile(RelayBench& bench) {
  const std::string scenario = "hostile: profiles beside 10 scans";
  RelayQueries queries(bench.corpus, bench.published, bench.options.seed);
  const auto profiles = queries.many(&RelayQueries::profile, 4000);
  const auto scans = queries.many(&RelayQueries::full_scan, 100);
  LoadLoop loop(bench.relay.address());
  std::vector<LoadConnection*> hostile;
  std::vector<LoadConnection*> modest;
  if (!loop.open(10, hostile) || !loop.open(4, modest)) return bench.add(scenario, {}, "no connections");
  Asking scanning(loop, hostile, 1, scans);
  Asking asking(loop, modest, 1, profiles);
  const Span span = bench.measure([&] {
    scanning.start();
    asking.start();
    loop.run([] { return false; }, bench.duration());
    finish(loop, asking);
    finish(loop, scanning);
  });
  // What the scans cost is not that of the profiles.
  Measures measures = bench.columns(span, static_cast<double>(asking.answered()), &asking.latency());
  std::erase_if(measures, [](const auto& m) {
    return m.first == measure::kCpu || m.first == measure::kFloors || m.first == measure::kSwitches;
  });
  measures.emplace_back("scans_per_second", static_cast<double>(scanning.answered()) / span.seconds);
  measures.emplace_back("scan p99 ms", static_cast<double>(scanning.latency().percentile(0.99)) * 1e-6);
  bench.add(scenario, measures, scanning.closed() > 0 ? fmt::format("{} scans CLOSED", scanning.closed()) : "");
}

}  // namespace pharos::bench
