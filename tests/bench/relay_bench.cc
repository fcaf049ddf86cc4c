// The macro-benchmark: a real relay over loopback under the load of a deterministic corpus. Nothing here knows the
// server's internals, so other relays can be measured by the same load. scripts/bench builds and runs it.
//
//   bench_relay [--events N] [--seed N] [--runs N] [--only REGEX] [--save FILE] [--compare FILE]
//               [--seconds S] [--connections N] [--server HOST:PORT [--pid PID,...] [--data DIR] [--loaded]]
//
// Columns: count of operations (an event, a query, a delivery, a connection), how many a second, the server's CPU time
// for each and the same in units of the floor (parse, hash, verify of one event, measured in the same run), latency as
// the client sees it, bytes that the server sent towards the disk for each, its context switches for each, its resident
// memory at the end and that without the page cache. Costs of ingest include what the server does afterwards, until it
// is quiet. Settings of the relay can be overridden by the environment: PHAROS_STORAGE__DURABILITY=os scripts/bench.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <signal.h>

#include "bench/relay_scenarios.h"
#include "support/paths.h"

namespace pharos::bench {
namespace {

std::string without_scheme(std::string url) {
  if (url.starts_with("ws://")) url.erase(0, 5);
  if (url.ends_with("/")) url.pop_back();
  return url;
}

int run_all(const RelayOptions& options) {
  // First, so that a wrong name does not cost a whole run.
  std::optional<RelayReport> before;
  if (!options.compare.empty()) {
    std::ifstream in(options.compare);
    auto read = RelayReport::read({std::istreambuf_iterator<char>(in), {}});
    if (!read) {
      fmt::print(stderr, "{}: {}\n", options.compare, read.error());
      return 1;
    }
    before = std::move(read).value();
  }
  const std::filesystem::path directory = std::filesystem::path(testing::source_dir()) / "build" / "bench";
  const auto corpus = Corpus::open(directory, options.seed, options.events + live_events(options), true);
  if (!corpus) {
    fmt::print(stderr, "{}\n", corpus.error());
    return 1;
  }
  // Databases beside the corpus: /tmp may be memory. The default size of the map is ample, that of tests is not.
  ::setenv("TMPDIR", directory.c_str(), 1);
  ::setenv("PHAROS_STORAGE__MAP_SIZE", "1TiB", 0);

  RelayReport report;
  const std::string machine = machine_line();
  fmt::print("{}; {} events, seed {}\n\n{}", machine, options.events, options.seed, RelayReport::heading());
  for (int run = 0; run < options.runs; ++run) {
    if (!RelayBench(options, corpus.value(), report).run()) return 1;
  }
  if (options.runs > 1) fmt::print("\nmedians of {} runs\n{}", options.runs, report.table());
  if (before) fmt::print("\n{}", report.comparison(*before));
  if (!options.save.empty() && !(std::ofstream(options.save) << report.json(machine))) {
    fmt::print(stderr, "cannot write {}\n", options.save);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace pharos::bench

int main(int argc, char** argv) {
  pharos::bench::RelayOptions options;
  CLI::App app("Measures a Nostr relay over loopback", "bench_relay");
  app.add_option("--events", options.events, "Events of the corpus to load")->check(CLI::Range(1000, 100'000'000));
  app.add_option("--seed", options.seed, "Of the corpus and the questions");
  app.add_option("--runs", options.runs, "Repeat everything and take the medians")->check(CLI::Range(1, 99));
  app.add_option("--only", options.only, "Scenarios whose name matches this regular expression")
      ->check([](const std::string& text) -> std::string {
        try {
          const std::regex tried(text);
        } catch (const std::regex_error&) {
          return "not a regular expression";
        }
        return {};
      });
  app.add_option("--seconds", options.seconds, "Of each measurement that has no end of its own");
  app.add_option("--connections", options.connections, "Idle connections");
  app.add_option("--save", options.save, "Keep the measures in this file");
  app.add_option("--compare", options.compare, "Show ratios to what was saved in this file");
  app.add_option("--server", options.server, "Measure the relay at HOST:PORT (IPv4) instead of starting one");
  app.add_option("--pid", options.pids, "Its processes, for CPU, memory and bytes written")->delimiter(',');
  app.add_option("--data", options.data, "Its database, for the size");
  app.add_flag("--loaded", options.loaded, "It has the corpus already");
  CLI11_PARSE(app, argc, argv);
  options.server = pharos::bench::without_scheme(options.server);
  ::signal(SIGPIPE, SIG_IGN);
  // Some are for other things than connections; the relay has no more than this program.
  const std::size_t most = pharos::bench::raise_file_limit(65'536) - 200;
  if (options.connections > most) {
    fmt::print(stderr, "open files are limited: {} idle connections instead of {}\n", most, options.connections);
    options.connections = most;
  }
  return pharos::bench::run_all(options);
}
