// What more cores would bring to ingest, by the model of cores_model.h: a line for each size of machine, with the
// threads that the program chooses there.
//
//   bench_cores [--shard US] [--worker US] [--writer US] [--merger US] [--flush US] [--in-flight N]
//
// The costs are those of `scripts/bench --only 'ingest 8 x 64'`, divided by thread as `perf record` or /proc tell it.

#include <algorithm>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/options_map.h"
#include "bench/cores_model.h"

namespace {

using namespace pharos::bench;

constexpr std::size_t kEvents = 1'000'000;

std::string_view busiest(const ModelOutcome& outcome) {
  constexpr std::array<std::string_view, kStages> kNames{"io shards", "workers", "the writer", "the merger"};
  if (outcome.cores_busy > 0.98) return "the cores";
  const auto most = std::ranges::max_element(outcome.busy);
  return kNames[static_cast<std::size_t>(most - outcome.busy.begin())];
}

}  // namespace

int main(int argc, char** argv) {
  StageCosts costs;
  std::size_t in_flight = 4096;
  CLI::App app("Simulates ingest on machines of many cores", "bench_cores");
  app.add_option("--shard", costs.shard, "CPU-us of an event on an io shard");
  app.add_option("--worker", costs.worker, "CPU-us of an event on a worker");
  app.add_option("--writer", costs.writer, "CPU-us of an event on the writer");
  app.add_option("--merger", costs.merger, "CPU-us of an event on the merger");
  app.add_option("--flush", costs.flush, "us of the disk for a commit");
  app.add_option("--in-flight", in_flight, "Events under way");
  CLI11_PARSE(app, argc, argv);

  fmt::print("{:>6} {:>7} {:>8} {:>10}  {:>6} {:>8} {:>7} {:>7} {:>7}  saturated\n", "cores", "shards", "workers",
             "events/s", "cores", "shards", "workers", "writer", "merger");
  for (const std::size_t cores : {1, 2, 4, 8, 16, 32, 64}) {
    const auto threads = pharos::app::default_threads(cores);
    const ModelOutcome outcome = simulate({cores, threads.shards, threads.workers}, costs, in_flight, kEvents);
    fmt::print("{:>6} {:>7} {:>8} {:>10.0f}  {:>5.0f}% {:>7.0f}% {:>6.0f}% {:>6.0f}% {:>6.0f}%  {}\n", cores,
               threads.shards, threads.workers, outcome.events_per_second, outcome.cores_busy * 100,
               outcome.busy[0] * 100, outcome.busy[1] * 100, outcome.busy[2] * 100, outcome.busy[3] * 100,
               busiest(outcome));
  }
  return 0;
}
