// Publishing: new events at several depths, and events the relay has already.

#include <algorithm>

#include <fmt/format.h>

#include "bench/relay_scenarios.h"

namespace pharos::bench {
namespace {

constexpr auto kAnswerTime = std::chrono::seconds(60);

void add_published(RelayBench& bench, const std::string& scenario, const Published& done) {
  const auto count = static_cast<double>(done.answered);
  Measures measures = bench.columns(done.span, count, &done.latency);
  if (!bench.relay.pids().empty()) {
    const auto written = static_cast<double>(done.span.after.bytes_written - done.span.before.bytes_written);
    const auto passed = static_cast<double>(done.span.after.bytes_passed - done.span.before.bytes_passed);
    measures.emplace_back(measure::kWritten, written / 1e3 / std::max(count, 1.0));
    measures.emplace_back("KB passed to write calls", passed / 1e3 / std::max(count, 1.0));
  }
  std::string remark;
  if (done.refused > 0) {
    remark = fmt::format("{} refused, the last: {}", done.refused, done.last_refusal.substr(0, 140));
  }
  if (!done.complete) remark += " NOT ALL ANSWERED";
  bench.add(scenario, measures, remark);
}

}  // namespace

Published publish(RelayBench& bench, CorpusRange& range, std::size_t connections, std::size_t in_flight,
                  std::chrono::milliseconds longest, bool settle) {
  LoadLoop loop(bench.relay.address());
  std::vector<LoadConnection*> open;
  Published done;
  if (!loop.open(connections, open)) return done;
  Publishing publishing(loop, open, in_flight, [&range] { return range.next(); });
  done.span = bench.measure(
      [&] {
        publishing.start();
        loop.run([&] { return publishing.idle(); }, longest);
        publishing.stop();
        done.complete = loop.run([&] { return publishing.idle(); }, kAnswerTime);
      },
      settle);
  done.answered = publishing.answered();
  done.refused = publishing.refused();
  done.last_refusal = publishing.last_refusal();
  done.latency = publishing.latency();
  return done;
}

void run_ingest(RelayBench& bench) {
  const std::size_t events = bench.options.events;
  const auto shares = std::min<std::size_t>(events / 20, 10'000);
  std::size_t at = 0;
  const auto phase = [&](const std::string& scenario, std::size_t end, std::size_t connections, std::size_t in_flight,
                         std::chrono::milliseconds longest) {
    CorpusRange range(bench.corpus, at, end);
    const Published done = publish(bench, range, connections, in_flight, longest, true);
    at = range.at();
    if (bench.wanted(scenario)) add_published(bench, scenario, done);
  };
  phase("ingest 1 x 1", shares, 1, 1, bench.duration(2));
  phase("ingest 64 x 1", at + shares * 3, 64, 1, bench.duration(2));
  phase("ingest 8 x 64", events, 8, 64, std::chrono::hours(3));
  bench.published = at;
}

void run_duplicates(RelayBench& bench) {
  // A newer version of what can be replaced is another answer, and another way to it.
  CorpusRange range(bench.corpus, 0, bench.published, [](const CorpusRow& row) {
    return row.kind == 1 || row.kind == 7 || row.kind == 6 || row.kind == 9735 || row.kind == 1059;
  });
  range.repeat();
  add_published(bench, "duplicates 8 x 64", publish(bench, range, 8, 64, bench.duration(), false));
}

}  // namespace pharos::bench
