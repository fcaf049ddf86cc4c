// How many allocations the way of an event takes, by thread: a whole relay in this process over loopback, warmed up.
//
//   io       the serving shard: reading, parsing, the verdict's OK, matching, deliveries
//   worker   ids, signatures and scan slices
//   writer   decisions, log, memtable, commit feed
//   merger   batches on their way to LMDB; no steady state, so not in the sum
//
// What is left, and why:
//
//   a read transaction with its cursors, a batch of the feed, a growing log frame, a wake of a loop: for each batch of
//     the worker or commit of the writer, so the busier the relay, the less an event; "ingest 1 x 1" shows them whole
//   LiveEvent with its JSON: for each event, however many it is delivered to; subscribers share it, and one that waits
//     for its EOSE must not hold the whole commit it came with
//   outbound buffers: a connection gives a large one back as soon as it is empty, so that an idle one holds none
//   the event inside a repost: parsed to look for protection, and only there
//   plan, streams and cursors of a query: for each REQ, and buffers of a slice, which double
//
// PHAROS_BENCH_EVENTS sets how many events are published in each measurement (10,000).

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include "bench/allocation_counter.h"
#include "bench/corpus.h"
#include "bench/load_loop.h"
#include "bench/load_work.h"
#include "bench/relay_scenarios.h"
#include "ingest/pipeline.h"
#include "net/io_shards.h"
#include "relay/server.h"
#include "storage/store.h"
#include "support/paths.h"
#include "support/temp_dir.h"
#include "util/random.h"
#include "util/worker_pool.h"

namespace pharos::bench {
namespace {

constexpr auto kAnswerTime = std::chrono::seconds(120);

class Relay {
 public:
  Relay() {
    storage::StoreOptions store_options;
    store_options.directory = directory_.path();
    store_options.map_size_bytes = std::uint64_t{16} << 30U;
    store_options.durability = storage::Durability::os;
    store_options.memtable_bytes = 16U << 20U;  // so that the merger has something to do as well
    store_ = std::move(storage::Store::open(store_options, clock_).value());
    ingest::Options ingest_options;
    ingest_options.admission.max_age = std::chrono::seconds(0);
    pipeline_ = ingest::make_pipeline(ingest_options, *store_, pool_, clock_);
    relay::Options options;
    options.listeners[0].listen = "127.0.0.1:0";
    server_ = std::make_unique<relay::RelayServer>(
        options, relay::RelayServer::Services{shards_, *store_, *pipeline_, pool_, clock_, random_, {}, nullptr});
    ok_ = server_->start().has_value();
    shards_.start();
  }
  ~Relay() {
    pipeline_->stop();
    server_->drain(std::chrono::seconds(5));
    pipeline_->wait_idle(std::chrono::seconds(5));
    shards_.stop();
    pool_.stop();
    store_->stop();
  }
  bool ok() const { return ok_; }
  std::string address() const { return server_->addresses().at(0); }

 private:
  SystemClock clock_;
  SystemRandom random_;
  testing::TempDir directory_;
  WorkerPool pool_{"worker", 1, 1024};
  net::IoShards shards_{1};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<ingest::Pipeline> pipeline_;
  std::unique_ptr<relay::RelayServer> server_;
  bool ok_ = false;
};

struct Spent {
  double io = 0;
  double worker = 0;
  double writer = 0;
  double merger = 0;
  double sum() const { return io + worker + writer; }
};

template <class Work>
Spent spent_by(const Work& work) {
  auto before = allocations_by_thread();
  work();
  auto after = allocations_by_thread();
  const auto of = [&](const char* thread) { return static_cast<double>(after[thread] - before[thread]); };
  return {of("io-0"), of("worker-0"), of("writer"), of("merger")};
}

void print(std::string_view scenario, std::string_view unit, const Spent& spent, double count) {
  fmt::print("{:<28} {:<9} {:>9.0f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f}\n", scenario, unit, count,
             spent.io / count, spent.worker / count, spent.writer / count, spent.sum() / count, spent.merger / count);
}

// Kinds that nothing replaces or deletes.
bool is_plain(const CorpusRow& row) { return row.kind == 1 || row.kind == 7 || row.kind == 6 || row.kind == 9735; }

class AllocationBench {
 public:
  AllocationBench(const Corpus& corpus, std::size_t share) : corpus_(corpus), share_(share) {}

  bool run() {
    if (!relay_.ok()) return false;
    fmt::print("{:<28} {:<9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "allocations", "for each", "count", "io", "worker",
               "writer", "sum", "merger");
    return ingest(8, 64, share_) && ingest(1, 1, share_ / 10) && duplicates() && queries() && live();
  }

 private:
  // Publishes to connections that are open and have published before.
  void publish(LoadLoop& loop, const std::vector<LoadConnection*>& open, std::size_t in_flight, CorpusRange& range) {
    Publishing publishing(loop, open, in_flight, [&] { return range.next(); });
    publishing.start();
    loop.run([&] { return publishing.idle(); }, kAnswerTime);
    answered_ = static_cast<double>(publishing.answered());
  }
  CorpusRange next_events(std::size_t count) {
    const std::size_t begin = std::exchange(at_, at_ + count);
    return {corpus_, begin, at_, is_plain};
  }

  bool ingest(std::size_t connections, std::size_t in_flight, std::size_t count) {
    LoadLoop loop(relay_.address());
    std::vector<LoadConnection*> open;
    if (!loop.open(connections, open)) return false;
    CorpusRange warming = next_events(count / 2);
    publish(loop, open, in_flight, warming);
    CorpusRange range = next_events(count);
    const Spent spent = spent_by([&] { publish(loop, open, in_flight, range); });
    print(fmt::format("ingest {} x {}", connections, in_flight), "event", spent, answered_);
    return answered_ > 0;
  }

  bool duplicates() {
    LoadLoop loop(relay_.address());
    std::vector<LoadConnection*> open;
    if (!loop.open(8, open)) return false;
    CorpusRange warming(corpus_, 0, share_ / 2, is_plain);
    publish(loop, open, 64, warming);
    CorpusRange range(corpus_, 0, share_, is_plain);
    const Spent spent = spent_by([&] { publish(loop, open, 64, range); });
    print("duplicates 8 x 64", "event", spent, answered_);
    return answered_ > 0;
  }

  struct Asked {
    Spent spent;
    double requests = 0;
    double events = 0;
  };
  Asked ask(const std::string& filter, std::size_t requests) {
    LoadLoop loop(relay_.address());
    std::vector<LoadConnection*> open;
    Asked asked;
    if (!loop.open(4, open)) return asked;
    const std::vector<std::string> filters{filter};
    const auto ask_so_many = [&](std::size_t count) {
      Asking asking(loop, open, 1, filters);
      asking.start();
      loop.run([&] { return asking.answered() >= count; }, kAnswerTime);
      asking.stop();
      loop.run([&] { return asking.idle(); }, kAnswerTime);
      asked.requests = static_cast<double>(asking.answered());
      asked.events = static_cast<double>(asking.events());
    };
    ask_so_many(requests / 4);
    asked.spent = spent_by([&] { ask_so_many(requests); });
    return asked;
  }
  bool queries() {
    const Asked one = ask(R"({"kinds":[1],"limit":1})", 2000);
    print("query, 1 event", "REQ", one.spent, one.requests);
    const Asked many = ask(R"({"kinds":[1],"limit":500})", 400);
    print("query, 500 events", "REQ", many.spent, many.requests);
    print("query, 500 events", "event", many.spent, many.events);
    return many.events > 0;
  }

  bool live() {
    Spent alone;
    double events_alone = 0;
    for (const std::size_t audience : {0U, 10U, 100U}) {
      LoadLoop loop(relay_.address());
      std::vector<LoadConnection*> listeners;
      std::vector<LoadConnection*> publishers;
      if (!loop.open(10, listeners) || !loop.open(1, publishers)) return false;
      Listening listening(loop, listeners);
      if (!listening.subscribe(audience / 10, [](std::size_t, std::size_t) { return R"({"limit":0})"; })) return false;
      SendTimes none;
      listening.listen(none);
      CorpusRange warming = next_events(share_ / 10);
      publish(loop, publishers, 64, warming);
      CorpusRange range = next_events(share_ / 10);
      Spent spent = spent_by([&] { publish(loop, publishers, 64, range); });
      print(fmt::format("live, {} subscriptions", audience), "event", spent, answered_);
      if (audience == 0) {
        alone = spent;
        events_alone = answered_;
        continue;
      }
      const double deliveries = answered_ * static_cast<double>(audience);
      const double share = answered_ / events_alone;
      print("  above none", "delivery",
            {spent.io - alone.io * share, spent.worker - alone.worker * share, spent.writer - alone.writer * share, 0},
            deliveries);
    }
    return true;
  }

  const Corpus& corpus_;
  const std::size_t share_;
  Relay relay_;
  std::size_t at_ = 0;
  double answered_ = 0;
};

int run_all() {
  const char* wanted = std::getenv("PHAROS_BENCH_EVENTS");
  const std::size_t share = wanted != nullptr ? std::max(1000UL, std::strtoul(wanted, nullptr, 10)) : 10'000;
  const std::filesystem::path directory = std::filesystem::path(testing::source_dir()) / "build" / "bench";
  const auto corpus = Corpus::open(directory, 1, share * 3, true);
  if (!corpus) {
    fmt::print(stderr, "{}\n", corpus.error());
    return 1;
  }
  return AllocationBench(corpus.value(), share).run() ? 0 : 1;
}

}  // namespace
}  // namespace pharos::bench

int main() {
  ::signal(SIGPIPE, SIG_IGN);
  return pharos::bench::run_all();
}
