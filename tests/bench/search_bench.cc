// What search (NIP-50) costs: CPU of a search and what it looks at, in units of the floor, which is one get of a random
// record in the same run; what the index by word adds to storing an event and to the disk; and building it over what is
// there. PHAROS_BENCH_EVENTS sets how many notes there are (50,000).

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "corpus_text.h"
#include "nostr/search_query.h"
#include "nostr/search_text.h"
#include "storage/info.h"
#include "storage/query.h"
#include "storage/snapshot.h"
#include "storage/store.h"
#include "storage/word_index.h"
#include "support/temp_dir.h"
#include "util/random.h"

namespace pharos::bench {
namespace {

using storage::Store;
using storage::Table;

constexpr UnixSeconds kStart = 1'700'000'000;
constexpr std::size_t kAuthors = 1000;
// Once in so many notes, besides what notes are made of.
constexpr std::size_t kRareEvery = 2000;

double process_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

std::vector<storage::EventPtr> make_notes(std::size_t count) {
  SeededRandom random(7);
  std::vector<storage::EventPtr> notes;
  for (std::size_t i = 0; i < count; ++i) {
    auto note = std::make_shared<Event>();
    random.fill(note->id.data);
    random.fill(note->sig.data);
    note->pubkey.data[0] = static_cast<std::uint8_t>(random.below(kAuthors) >> 8U);
    note->pubkey.data[1] = static_cast<std::uint8_t>(random.below(kAuthors));
    note->kind = 1;
    note->created_at = kStart + static_cast<UnixSeconds>(i);
    append_text(note->content, random, 60 + random.below(300));
    if (i % kRareEvery == 0) note->content += " seldomword";
    notes.push_back(std::move(note));
  }
  return notes;
}

class Archive {
 public:
  static Archive& get() {
    static Archive archive;
    return archive;
  }

  const Store& store() const { return *store_; }
  const Clock& clock() const { return clock_; }
  double floor() const { return floor_; }

 private:
  Archive() {
    const char* wanted = std::getenv("PHAROS_BENCH_EVENTS");
    const auto notes = make_notes(wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 50'000);
    testing::TempDir plain;
    const double off = fill(notes, plain.path(), {});
    const double on = fill(notes, directory_.path(), {1});
    std::cout << notes.size() << " notes: " << off * 1e6 << " us of CPU to store one, " << on * 1e6
              << " us with the index\n";
    tell_size(notes.size());
    tell_building(plain.path(), notes.size());
    measure_floor();
  }

  std::unique_ptr<Store> open(const std::filesystem::path& directory, std::vector<Kind> searched) {
    storage::StoreOptions options;
    options.directory = directory;
    options.map_size_bytes = std::uint64_t{16} << 30;
    options.durability = storage::Durability::os;
    options.searched = std::move(searched);
    return std::move(Store::open(options, clock_).value());
  }

  // CPU seconds an event takes to be stored and merged.
  double fill(const std::vector<storage::EventPtr>& notes, const std::filesystem::path& directory,
              std::vector<Kind> searched) {
    const double begin = process_seconds();
    store_ = open(directory, searched);
    std::promise<void> done;
    for (const storage::EventPtr& note : notes) {
      const bool last = note == notes.back();
      storage::PutRequest request{note, storage::kLocalOrigin, [&done, last](storage::PutOutcome) {
                                    if (last) done.set_value();
                                  }};
      while (!store_->submit(std::move(request))) std::this_thread::yield();
    }
    done.get_future().wait();
    store_->stop();
    const double used = process_seconds() - begin;
    store_.reset();
    store_ = open(directory, std::move(searched));
    return used / static_cast<double>(notes.size());
  }

  void tell_size(std::size_t notes) const {
    const auto txn = store_->read();
    const auto info = storage::read_info(txn.value(), store_->tables());
    const auto bytes = [&](Table table) { return info.tables[static_cast<std::size_t>(table)].bytes; };
    std::cout << "index by word: " << (bytes(Table::by_word) + bytes(Table::young_by_word)) / notes
              << " bytes a note, beside " << bytes(Table::events) / notes << " of its record\n";
  }

  void tell_building(const std::filesystem::path& directory, std::size_t notes) {
    const double begin = process_seconds();
    const auto built = open(directory, {1});
    while (!built->word_index()->is_complete()) std::this_thread::yield();
    std::cout << "building it behind: " << (process_seconds() - begin) / static_cast<double>(notes) * 1e6
              << " us of CPU a note, of two threads one that waits\n";
  }

  void measure_floor() {
    constexpr std::size_t kGets = 100'000;
    SeededRandom random(1);
    const auto snapshot = store_->snapshot();
    std::uint64_t touched = 0;
    const double begin = process_seconds();
    for (std::size_t i = 0; i < kGets; ++i) {
      const auto record = snapshot.value().record(1 + random.below(store_->last_seq()));
      if (record) touched += record->bytes()[record->bytes().size() / 2];
    }
    benchmark::DoNotOptimize(touched);
    floor_ = (process_seconds() - begin) / kGets;
    std::cout << "floor: " << floor_ * 1e9 << " ns a random get\n";
  }

  testing::TempDir directory_;
  SystemClock clock_;
  std::unique_ptr<Store> store_;
  double floor_ = 0;
};

void search(benchmark::State& state, const std::string& text, std::size_t limit) {
  Archive& archive = Archive::get();
  Filter filter;
  filter.kinds = {1};
  filter.limit = limit;
  filter.search = std::make_shared<const SearchQuery>(parse_search(text).value());
  double used = 0;
  std::size_t looked_at = 0;
  std::size_t events = 0;
  for (auto _ : state) {
    const double begin = process_seconds();
    storage::Query query({filter}, {});
    TimeBudget budget(archive.clock(), std::chrono::hours(1), ~std::size_t{0});
    query.run_slice(archive.store(), kStart, budget, [](const storage::RecordView& record) {
      benchmark::DoNotOptimize(record.bytes().data());
      return true;
    });
    used += process_seconds() - begin;
    looked_at += query.candidates().value_or(0);
    events += query.returned();
  }
  const auto queries = static_cast<double>(state.iterations());
  state.counters["events"] = static_cast<double>(events) / queries;
  state.counters["looked_at"] = static_cast<double>(looked_at) / queries;
  state.counters["floors"] = used / archive.floor() / queries;
  state.counters["us_each"] = looked_at > 0 ? used * 1e6 / static_cast<double>(looked_at) : 0;
}

void split(benchmark::State& state) {
  SeededRandom random(3);
  std::vector<Event> notes(256);
  for (Event& note : notes) {
    note.kind = 1;
    append_text(note.content, random, 200);
  }
  WordList words;
  std::size_t next = 0;
  std::size_t bytes = 0;
  std::size_t found = 0;
  for (auto _ : state) {
    const Event& note = notes[next++ % notes.size()];
    read_search_text(note, words);
    bytes += note.content.size();
    found += words.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.counters["words"] = static_cast<double>(found) / static_cast<double>(state.iterations());
}

BENCHMARK(split);
BENCHMARK_CAPTURE(search, rare_word, "seldomword", 20)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, no_such_word, "nowhereword", 20)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, common_word, "the", 20)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, two_common_words, "the people", 20)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, rare_and_common_word, "seldomword the", 20)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pharos::bench
