// What answers cost: CPU per query and per event given, allocations per query, and the CPU of a query in units of the
// floor, which is one LMDB get of a random record in the same run. PHAROS_BENCH_EVENTS sets the size of the synthetic
// archive (100,000).

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "storage/keys.h"
#include "storage/query.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/tables.h"
#include "storage/txn.h"
#include "support/temp_dir.h"
#include "util/random.h"

namespace {
thread_local std::size_t allocations = 0;
}  // namespace

// Not inlined, or gcc 12 sees free() of memory from operator new and warns.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace pharos::storage {
namespace {

constexpr std::size_t kAuthors = 5000;
constexpr std::size_t kHashtags = 300;
constexpr UnixSeconds kStart = 1'700'000'000;
constexpr UnixSeconds kSpan = 90 * 86400;

// A few are busy, most are not: index n comes up about as 1 / (n + 1).
std::size_t skewed(Random& random, std::size_t count) {
  const double at = std::pow(static_cast<double>(count) + 1, random.unit()) - 1;
  return std::min(count - 1, static_cast<std::size_t>(at));
}

double cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

class Archive {
 public:
  static const Archive& get() {
    static const Archive archive;
    return archive;
  }

  const Store& store() const { return *store_; }
  const Clock& clock() const { return clock_; }
  const std::vector<PublicKey>& authors() const { return authors_; }
  const std::vector<EventId>& ids() const { return ids_; }
  const std::vector<EventId>& notes() const { return notes_; }
  // Seconds a get of a random record takes.
  double floor() const { return floor_; }

 private:
  Archive() : random_(1) {
    StoreOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = std::uint64_t{16} << 30;
    options.durability = storage::Durability::os;
    store_ = std::move(Store::open(options, clock_).value());
    const char* wanted = std::getenv("PHAROS_BENCH_EVENTS");
    fill(wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 100'000);
    measure_floor();
  }

  void fill(std::size_t count) {
    for (std::size_t i = 0; i < kAuthors; ++i) random_.fill(authors_.emplace_back().data);
    for (std::size_t i = 0; i < count; ++i) {
      const bool last = i + 1 == count;
      std::promise<void> done;
      PutRequest request{make(i, count), kLocalOrigin, [&, last](PutOutcome) {
                           if (last) done.set_value();
                         }};
      while (!store_->submit(std::move(request))) std::this_thread::yield();
      if (last) done.get_future().wait();
    }
    std::cout << count << " events put, " << ids_.size() << " of " << kAuthors << " authors\n";
  }

  EventPtr make(std::size_t i, std::size_t count) {
    auto event = std::make_shared<Event>();
    random_.fill(event->id.data);
    random_.fill(event->sig.data);
    event->pubkey = authors_[skewed(random_, kAuthors)];
    // About in the order they were made, as a relay sees them.
    event->created_at = kStart + static_cast<UnixSeconds>(i * static_cast<std::size_t>(kSpan) / count) -
                        static_cast<UnixSeconds>(random_.below(120));
    event->content.assign(40 + random_.below(200), 'x');
    const std::uint64_t dice = random_.below(100);
    if (i < kAuthors) {
      event->pubkey = authors_[i];
      event->kind = 0;
    } else if (dice < 42) {
      event->kind = 1;
      if (dice < 20 && !notes_.empty()) refer(*event);
      if (dice % 6 == 0) event->tags.add({"t", "tag" + std::to_string(skewed(random_, kHashtags))});
      notes_.push_back(event->id);
    } else if (dice < 90 && !notes_.empty()) {
      event->kind = dice < 74 ? 7 : dice < 82 ? 6 : 9735;
      refer(*event);
    } else {
      event->kind = dice < 94 ? 10002 : dice < 97 ? 3 : 30023;
      if (event->kind == 30023) event->tags.add({"d", std::to_string(i)});
      for (std::size_t n = 0; n < 40 && event->kind == 3; ++n) {
        event->tags.add({"p", authors_[random_.below(kAuthors)].hex()});
      }
    }
    ids_.push_back(event->id);
    return event;
  }

  // A recent note, the newer the likelier.
  void refer(Event& event) {
    event.tags.add({"e", notes_[notes_.size() - 1 - skewed(random_, notes_.size())].hex()});
    event.tags.add({"p", authors_[skewed(random_, kAuthors)].hex()});
  }

  void measure_floor() {
    constexpr std::size_t kGets = 200'000;
    std::vector<Seq> seqs(kGets);
    for (Seq& seq : seqs) seq = 1 + random_.below(store_->last_seq());
    const auto snapshot = store_->snapshot();
    std::uint64_t touched = 0;
    const double begin = cpu_seconds();
    for (const Seq seq : seqs) {
      if (const auto record = snapshot.value().record(seq)) touched += record->bytes()[record->bytes().size() / 2];
    }
    benchmark::DoNotOptimize(touched);
    floor_ = (cpu_seconds() - begin) / kGets;
    std::cout << "floor: " << floor_ * 1e9 << " ns a random get\n";
  }

  testing::TempDir directory_;
  SystemClock clock_;
  SeededRandom random_;
  std::unique_ptr<Store> store_;
  std::vector<PublicKey> authors_;
  std::vector<EventId> ids_;
  std::vector<EventId> notes_;
  double floor_ = 0;
};

using MakeFilters = std::vector<Filter> (*)(Random&);

void answer(benchmark::State& state, MakeFilters make) {
  const Archive& archive = Archive::get();
  SeededRandom random(2);
  std::vector<std::vector<Filter>> questions;
  for (std::size_t i = 0; i < 64; ++i) questions.push_back(make(random));
  std::size_t next = 0;
  std::size_t events = 0;
  std::size_t scanned = 0;
  const std::size_t allocated = allocations;
  std::size_t copies = 0;
  double used = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const std::size_t before = allocations;
    std::vector<Filter> question = questions[next++ % questions.size()];
    copies += allocations - before;
    const double begin = cpu_seconds();
    state.ResumeTiming();
    Query query(std::move(question), {});
    TimeBudget budget(archive.clock(), std::chrono::seconds(10), ~std::size_t{0});
    query.run_slice(archive.store(), kStart + kSpan, budget, [&](const RecordView& record) {
      benchmark::DoNotOptimize(record.bytes().data());
      return true;
    });
    used += cpu_seconds() - begin;
    events += query.returned();
    scanned += query.scanned();
  }
  const auto queries = static_cast<double>(state.iterations());
  state.counters["events"] = static_cast<double>(events) / queries;
  state.counters["scanned"] = static_cast<double>(scanned) / queries;
  state.counters["allocs"] = static_cast<double>(allocations - allocated - copies) / queries;
  state.counters["per_event"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["floors"] = used / archive.floor() / queries;
}

template <class T>
void sort_unique(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

std::vector<PublicKey> followed(Random& random, std::size_t count) {
  std::vector<PublicKey> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(Archive::get().authors()[random.below(kAuthors)]);
  sort_unique(list);
  return list;
}

std::vector<Filter> profiles(Random& random) {
  Filter filter;
  filter.kinds = {{0}};
  filter.authors = followed(random, 100);
  return {filter};
}

std::vector<Filter> feed_of_one(Random& random) {
  Filter filter;
  filter.authors = {{Archive::get().authors()[random.below(200)]}};
  filter.kinds = {{1, 6}};
  filter.limit = 50;
  return {filter};
}

std::vector<Filter> home_timeline(Random& random) {
  Filter filter;
  filter.authors = followed(random, 500);
  filter.kinds = {{1, 6}};
  filter.limit = 50;
  return {filter};
}

// As a client pages back.
std::vector<Filter> home_timeline_older(Random& random) {
  std::vector<Filter> filters = home_timeline(random);
  filters[0].until = kStart + static_cast<UnixSeconds>(random.below(kSpan));
  return filters;
}

std::vector<Filter> newest_notes(Random&) {
  Filter filter;
  filter.kinds = {{1}};
  filter.limit = 500;
  return {filter};
}

std::vector<Filter> thread(Random& random) {
  const std::vector<EventId>& notes = Archive::get().notes();
  Filter filter;
  filter.kinds = {{1}};
  filter.tags = {{'e', {notes[notes.size() - 1 - skewed(random, notes.size())].hex()}}};
  return {filter};
}

std::vector<Filter> notifications(Random& random) {
  Filter filter;
  filter.kinds = {{1, 6, 7, 9735}};
  filter.tags = {{'p', {Archive::get().authors()[random.below(200)].hex()}}};
  filter.limit = 100;
  return {filter};
}

std::vector<Filter> by_ids(Random& random) {
  Filter filter;
  filter.ids.emplace();
  for (std::size_t i = 0; i < 50; ++i)
    filter.ids->push_back(Archive::get().ids()[random.below(Archive::get().ids().size())]);
  sort_unique(*filter.ids);
  return {filter};
}

std::vector<Filter> hashtag_week(Random& random) {
  Filter filter;
  filter.tags = {{'t', {"tag" + std::to_string(skewed(random, kHashtags))}}};
  filter.since = kStart + static_cast<UnixSeconds>(random.below(kSpan - 7 * 86400));
  filter.until = *filter.since + 7 * 86400;
  return {filter};
}

// Who reacted to the notes on a screen: many values, rare in what is newest.
std::vector<Filter> reactions_of_screen(Random& random) {
  const std::vector<EventId>& notes = Archive::get().notes();
  Filter filter;
  filter.kinds = {{7}};
  filter.tags = {{'e', {}}};
  const std::size_t at = random.below(notes.size() - 100);
  for (std::size_t i = 0; i < 100; ++i) filter.tags[0].values.push_back(notes[at + i].hex());
  sort_unique(filter.tags[0].values);
  return {filter};
}

// One author under a common hashtag: the choice of index matters.
std::vector<Filter> author_and_hashtag(Random& random) {
  Filter filter;
  filter.authors = {{Archive::get().authors()[random.below(100)]}};
  filter.tags = {{'t', {"tag0"}}};
  return {filter};
}

BENCHMARK_CAPTURE(answer, profiles_of_100, profiles);
BENCHMARK_CAPTURE(answer, feed_of_one_author, feed_of_one);
BENCHMARK_CAPTURE(answer, home_timeline_of_500, home_timeline);
BENCHMARK_CAPTURE(answer, home_timeline_of_500_older, home_timeline_older);
BENCHMARK_CAPTURE(answer, newest_500_notes, newest_notes);
BENCHMARK_CAPTURE(answer, thread, thread);
BENCHMARK_CAPTURE(answer, notifications, notifications);
BENCHMARK_CAPTURE(answer, ids_50, by_ids);
BENCHMARK_CAPTURE(answer, hashtag_week, hashtag_week);
BENCHMARK_CAPTURE(answer, reactions_of_100_notes, reactions_of_screen);
BENCHMARK_CAPTURE(answer, author_and_hashtag, author_and_hashtag);

}  // namespace
}  // namespace pharos::storage
