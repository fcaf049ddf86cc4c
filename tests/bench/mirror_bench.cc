// Catch-up of a fresh mirror over loopback, from a relay that gives at most 500 events a page: from the first dial to
// the last event durable. The relay's own work (scripted, JSON rendering) runs on another thread and counts in real
// time.

#include <benchmark/benchmark.h>

#include "ingest/pipeline.h"
#include "router/router.h"
#include "support/eventually.h"
#include "support/scripted_relay_server.h"
#include "support/signed_notes.h"
#include "support/temp_dir.h"

namespace pharos::router {
namespace {

void catch_up(benchmark::State& state) {
  const SystemClock clock;
  SystemRandom random;
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto history = testing::signed_notes(count, clock.unix_now() - 500'000, 1);
  net::IoShards shards(1);
  shards.start();
  {
    pharos::test::ScriptedRelayServer relay(shards);
    relay.with([&](pharos::test::ScriptedRelay& r) {
      for (const Event& event : history) r.store(event);
    });
    for (auto _ : state) {
      state.PauseTiming();
      testing::TempDir directory;
      storage::StoreOptions store_options;
      store_options.directory = directory.path();
      auto store = std::move(storage::Store::open(store_options, clock)).value();
      WorkerPool pool("bench", 2, 256);
      auto sink = ingest::make_pipeline({}, *store, pool, clock);
      RouterOptions options;
      UpstreamOptions upstream;
      upstream.name = "relay";
      upstream.url = RelayUrl::parse(relay.url()).value();
      options.upstreams.push_back(upstream);
      Router router(options, {shards.background(), *sink, *store, clock, random, {}, {}, {}});
      state.ResumeTiming();
      router.start();
      if (!testing::eventually([&] { return store->last_seq() >= count; }, std::chrono::minutes(2)))
        state.SkipWithError("did not catch up");
      state.PauseTiming();
      router.stop();
      sink->stop();
      sink->wait_idle(std::chrono::seconds(5));
      pool.stop();
      store->stop();
      state.ResumeTiming();
    }
  }
  shards.stop();
  state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
}
BENCHMARK(catch_up)->Arg(20'000)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(2);

}  // namespace
}  // namespace pharos::router
