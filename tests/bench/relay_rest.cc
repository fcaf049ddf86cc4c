// What a relay takes when it does nothing: memory of idle connections, disk, the time to start; and imports.

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "bench/relay_scenarios.h"

namespace pharos::bench {
namespace {

// Replaced events are no longer there, deleted ones and replaced addressable ones are few.
std::uint64_t kept_bytes(const Corpus& corpus, std::size_t events) {
  std::uint64_t bytes = 0;
  std::map<std::pair<Kind, std::uint32_t>, std::uint32_t> newest;
  for (std::size_t i = 0; i < events; ++i) {
    const CorpusRow& row = corpus.row(i);
    const bool replaceable = row.kind == 0 || row.kind == 3 || (row.kind >= 10'000 && row.kind < 20'000);
    bytes += row.length + 1;
    if (!replaceable) continue;
    std::uint32_t& before = newest[{row.kind, row.author}];
    bytes -= before;
    before = row.length + 1;
  }
  return bytes;
}

void idle(RelayBench& bench, const std::string& scenario, bool deflate) {
  const std::size_t count = bench.options.connections > 0
                                ? bench.options.connections
                                : std::clamp<std::size_t>(bench.options.events / 40, 200, 5000);
  // So that nothing freed by what ran before is taken instead of new memory.
  bench.relay.stop();
  bench.relay.start();
  LoadLoop loop(bench.relay.address());
  std::vector<LoadConnection*> open;
  const auto pids = bench.relay.pids();
  ProcessUse before;
  std::string remark;
  const Span span = bench.measure([&] {
    before = process_use(pids);
    if (!loop.open(count, open, deflate)) {
      remark = fmt::format("{} of {} connections opened", open.size(), count);
      return;
    }
    // One stored event and EOSE: two messages, which need not be readable to be counted.
    std::size_t messages = 0;
    const std::string request = R"(["REQ","idle",{"kinds":[1],"limit":1}])";
    for (LoadConnection* connection : open) {
      connection->set_on_message([&](LoadConnection&, std::string_view message) {
        // Others, such as AUTH, are not what was asked for.
        if (message.empty() || answer_of(message) != Answer::other) ++messages;
      });
      if (connection->deflates()) {
        connection->send_stored(request);
      } else {
        connection->send({request});
      }
    }
    if (!loop.run([&] { return messages >= 2 * count; }, std::chrono::seconds(60))) remark = "not every answer came";
  });
  if (deflate && !open.empty() && !open[0]->deflates()) remark = "permessage-deflate refused";
  loop.run([] { return false; }, std::chrono::seconds(1));
  const ProcessUse after = process_use(pids);
  Measures measures = bench.columns(span, static_cast<double>(open.size()));
  if (!pids.empty()) {
    measures.emplace_back("anon KB each",
                          (after.anonymous_mb - before.anonymous_mb) * 1024 / static_cast<double>(open.size()));
  }
  if (loop.lost() > 0) remark += fmt::format(" {} connections lost", loop.lost());
  bench.add(scenario, measures, remark);
}

void import(RelayBench& bench, const std::string& scenario, const std::vector<std::string>& arguments) {
  MeasuredRelay fresh(bench.options);
  if (!fresh.start()) return;
  fresh.stop();  // leaves settings and an empty database
  const Cost done = fresh.import(bench.corpus, bench.options.events, arguments);
  const auto count = static_cast<double>(bench.options.events);
  bench.add(scenario,
            {{measure::kCount, count},
             {measure::kPerSecond, count / done.seconds},
             {measure::kCpu, done.cpu_seconds * 1e6 / count},
             {measure::kFloors, done.cpu_seconds * 1e6 / count / bench.floor_us},
             {measure::kWritten, done.bytes_written / 1e3 / count}},
            done.fault);
}

}  // namespace

void run_start_up(RelayBench& bench) {
  if (!bench.relay.is_ours()) return;
  // First after a kill: what an orderly stop would have put in order is still to be done then.
  bench.relay.kill();
  if (const auto seconds = bench.relay.start(); seconds && bench.wanted("start-up after kill")) {
    bench.add("start-up after kill", {{measure::kP50, *seconds * 1e3}});
  }
  const Cost stopped = bench.relay.stop();
  if (bench.wanted("stop")) {
    // Work that ingest left for later is done now, so it belongs to the price of an event.
    const auto events = static_cast<double>(bench.published);
    bench.add("stop",
              {{measure::kP50, stopped.seconds * 1e3},
               {"CPU-us an event loaded", stopped.cpu_seconds * 1e6 / events},
               {"KB written an event loaded", stopped.bytes_written / 1e3 / events}},
              "what ingest left for later");
  }
  if (const auto seconds = bench.relay.start(); seconds && bench.wanted("start-up")) {
    bench.add("start-up", {{measure::kP50, *seconds * 1e3}});
  }
}

void run_idle(RelayBench& bench) {
  if (bench.wanted("idle plain")) idle(bench, "idle plain", false);
  if (bench.wanted("idle deflate")) idle(bench, "idle deflate", true);
}

void run_size(RelayBench& bench) {
  if (bench.relay.data().empty()) return;
  const auto megabytes = [](std::uint64_t bytes) { return static_cast<double>(bytes) * 1e-6; };
  const double disk = megabytes(bytes_on_disk(bench.relay.data()));
  const double json = megabytes(bench.corpus.lines(bench.published).size() + bench.live_bytes);
  const double kept = megabytes(kept_bytes(bench.corpus, bench.published) + bench.live_bytes);
  bench.add(
      "size",
      {{"MB on disk", disk}, {"MB of JSON", json}, {"x JSON", disk / json}, {"x JSON not replaced", disk / kept}});
}

void run_import(RelayBench& bench) {
  if (!bench.relay.is_ours()) return;
  bench.relay.stop();
  if (bench.wanted("import verified")) import(bench, "import verified", {});
  if (bench.wanted("import trusted")) import(bench, "import trusted", {"--trusted"});
}

}  // namespace pharos::bench
