// What storing costs: records in and out, and events through the writer, durable and not, beside two floors of the same
// run: bare LMDB puts of the same records in batches of the same size, and one fdatasync of a page. Recorded events
// where the machine has them, random ones otherwise.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include "nostr/event_json.h"
#include "nostr/kind.h"
#include "storage/env.h"
#include "storage/info.h"
#include "storage/keys.h"
#include "storage/record.h"
#include "storage/store.h"
#include "support/event_factory.h"
#include "support/real_data.h"
#include "support/temp_dir.h"
#include "util/bytes.h"
#include "util/sync.h"

namespace pharos::storage {
namespace {

constexpr std::uint64_t kMap = std::uint64_t{8} << 30;
constexpr std::size_t kBatch = 1024;

struct Input {
  std::vector<EventPtr> events;
  std::vector<std::string> records;
  std::size_t json_bytes = 0;
};

const Input& input() {
  static const Input made = [] {
    Input in;
    if (const auto path = testing::real_data("real-events.jsonl")) {
      std::ifstream file(*path);
      std::string line;
      Event event;
      while (std::getline(file, line)) {
        if (parse_event(line, event) && classify(event.kind) != KindClass::ephemeral) {
          in.events.push_back(std::make_shared<const Event>(event));
        }
      }
    }
    test::EventSequence notes({1, std::string(150, 'x'), {{"t", "bench"}}, 1'700'000'000, 0});
    while (in.events.size() < 10'000) in.events.push_back(std::make_shared<const Event>(notes.next_unsigned()));
    std::string json;
    for (const EventPtr& event : in.events) {
      encode_record(*event, in.records.emplace_back());
      json.clear();
      append_event_json(json, *event);
      in.json_bytes += json.size();
    }
    return in;
  }();
  return made;
}

void count_events(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * input().events.size()));
}

void encode(benchmark::State& state) {
  std::string record;
  for (auto _ : state) {
    for (const EventPtr& event : input().events) encode_record(*event, record);
  }
  count_events(state);
}
BENCHMARK(encode)->Unit(benchmark::kMillisecond);

void render_from_record(benchmark::State& state) {
  std::string json;
  for (auto _ : state) {
    for (const std::string& record : input().records) {
      json.clear();
      RecordView(1, as_bytes(record)).append_json(json);
    }
  }
  count_events(state);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * input().json_bytes));
}
BENCHMARK(render_from_record)->Unit(benchmark::kMillisecond);

void render_from_event(benchmark::State& state) {
  std::string json;
  for (auto _ : state) {
    for (const EventPtr& event : input().events) {
      json.clear();
      append_event_json(json, *event);
    }
  }
  count_events(state);
}
BENCHMARK(render_from_event)->Unit(benchmark::kMillisecond);

// --- floors
// -----------------------------------------------------------------------------------------------------------
void floor_bare_puts(benchmark::State& state) {
  for (auto _ : state) {
    const testing::TempDir directory;
    EnvOptions options;
    options.directory = directory.path();
    options.map_size_bytes = kMap;
    options.sync_to_disk = false;
    const auto env = std::move(Env::open(options).value());
    Seq seq = 0;
    while (seq < input().records.size()) {
      auto txn = std::move(env->write().value());
      for (std::size_t i = 0; i < kBatch && seq < input().records.size(); ++i, ++seq) {
        txn.append(env->tables()[Table::events], EventKey(seq + 1).view(), input().records[seq]);
      }
      if (!txn.commit()) state.SkipWithError("commit");
    }
  }
  count_events(state);
}
BENCHMARK(floor_bare_puts)->Unit(benchmark::kMillisecond)->UseRealTime();

void floor_disk_flush(benchmark::State& state) {
  const testing::TempDir directory;
  const int file = ::open((directory.path() / "page").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  for (auto _ : state) {
    if (::pwrite(file, page.data(), page.size(), 0) < 0 || ::fdatasync(file) != 0) state.SkipWithError("fdatasync");
  }
  ::close(file);
}
BENCHMARK(floor_disk_flush)->Unit(benchmark::kMicrosecond)->UseRealTime();

// --- the writer
// -------------------------------------------------------------------------------------------------------
class Countdown {
 public:
  explicit Countdown(std::size_t count) : left_(count) {}
  void arrive() {
    if (left_.fetch_sub(1) != 1) return;
    const Lock lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }
  void wait() {
    Lock lock(mutex_);
    while (!done_) lock.wait(changed_);
  }

 private:
  std::atomic<std::size_t> left_;
  Mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

// Argument 0: whether commits go to the disk. Argument 1: how many submissions are under way at most.
void store_events(benchmark::State& state) {
  const SystemClock clock;
  double bytes_per_event = 0;
  for (auto _ : state) {
    const testing::TempDir directory;
    StoreOptions options;
    options.directory = directory.path();
    options.map_size_bytes = kMap;
    options.durability = state.range(0) != 0 ? Durability::sync : Durability::os;
    options.queue_capacity = static_cast<std::size_t>(state.range(1));
    const auto store = std::move(Store::open(options, clock).value());
    Countdown left(input().events.size());
    for (const EventPtr& event : input().events) {
      PutRequest request{event, 0, [&](PutOutcome) { left.arrive(); }};
      while (!store->submit(std::move(request))) std::this_thread::yield();
    }
    left.wait();
    store->stop();  // merged as well
    const DatabaseInfo info = read_info(store->read().value(), store->tables());
    bytes_per_event = static_cast<double>(info.used_bytes - info.free_page_bytes) / static_cast<double>(info.events);
  }
  count_events(state);
  state.counters["bytes_per_event"] = bytes_per_event;
  state.counters["json_bytes_per_event"] =
      static_cast<double>(input().json_bytes) / static_cast<double>(input().events.size());
}
BENCHMARK(store_events)
    ->ArgNames({"sync", "in_flight"})
    ->Args({0, 16384})
    ->Args({1, 16384})
    ->Args({1, 64})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// One submission at a time: a flush each.
void store_one_by_one(benchmark::State& state) {
  const SystemClock clock;
  const testing::TempDir directory;
  StoreOptions options;
  options.directory = directory.path();
  options.map_size_bytes = kMap;
  const auto store = std::move(Store::open(options, clock).value());
  test::EventSequence notes({1, std::string(150, 'x'), {{"t", "bench"}}, 1'700'000'000, 0});
  for (auto _ : state) {
    Countdown left(1);
    store->submit({std::make_shared<const Event>(notes.next_unsigned()), 0, [&](PutOutcome) { left.arrive(); }});
    left.wait();
  }
}
BENCHMARK(store_one_by_one)->Unit(benchmark::kMicrosecond)->UseRealTime();

void contains_id(benchmark::State& state) {
  const SystemClock clock;
  const testing::TempDir directory;
  StoreOptions options;
  options.directory = directory.path();
  options.map_size_bytes = kMap;
  options.durability = Durability::os;
  const auto store = std::move(Store::open(options, clock).value());
  Countdown left(input().events.size());
  for (const EventPtr& event : input().events) {
    PutRequest request{event, 0, [&](PutOutcome) { left.arrive(); }};
    while (!store->submit(std::move(request))) std::this_thread::yield();
  }
  left.wait();
  const bool known = state.range(0) != 0;
  EventId id;
  std::size_t i = 0;
  for (auto _ : state) {
    id = input().events[i++ % input().events.size()]->id;
    if (!known) id.data[0] ^= 0x55;
    benchmark::DoNotOptimize(store->contains(id));
  }
}
BENCHMARK(contains_id)->ArgName("known")->Arg(0)->Arg(1);

}  // namespace
}  // namespace pharos::storage
