// The scenarios of the macro-benchmark. Each opens its own connections, measures, and adds its rows to the report.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/corpus.h"
#include "bench/load_histogram.h"
#include "bench/load_loop.h"
#include "bench/load_process.h"
#include "bench/load_work.h"
#include "bench/measured_relay.h"
#include "bench/relay_report.h"

namespace pharos::bench {

using Measures = std::vector<std::pair<std::string_view, double>>;

// The relay's use of the machine while something was done.
struct Span {
  double seconds = 0;
  ProcessUse before;
  ProcessUse after;
  double cpu_us() const { return (after.cpu_seconds - before.cpu_seconds) * 1e6; }
};

class RelayBench {
 public:
  RelayBench(const RelayOptions& with, const Corpus& over, RelayReport& into)
      : options(with), corpus(over), report(into), relay(with) {}

  // All wanted scenarios once; false when the relay does not start.
  bool run();

  bool wanted(const std::string& scenario) const;
  void add(const std::string& scenario, const Measures& measures, const std::string& remark = {});

  // Does the work and takes what it cost; with `settle` the cost of what goes on afterwards too, the time without.
  Span measure(const std::function<void()>& work, bool settle = false);
  // The usual columns: `count` operations, their latency, and what each cost.
  Measures columns(const Span& span, double count, const LoadHistogram* latency = nullptr) const;

  std::chrono::milliseconds duration(double factor = 1) const;

  const RelayOptions& options;
  const Corpus& corpus;
  RelayReport& report;
  MeasuredRelay relay;
  double floor_us = 0;
  std::size_t published = 0;     // events of the corpus that the relay has been sent, from the first on
  std::uint64_t live_bytes = 0;  // JSON of the further events that the live scenarios have sent

 private:
  bool prepare();
};

void run_floor(RelayBench& bench);
void run_ingest(RelayBench& bench);
void run_duplicates(RelayBench& bench);
void run_queries(RelayBench& bench);
void run_hostile(RelayBench& bench);
void run_live(RelayBench& bench);
void run_start_up(RelayBench& bench);
void run_idle(RelayBench& bench);
void run_size(RelayBench& bench);
void run_import(RelayBench& bench);

// Events of the corpus beyond those that are loaded, for the live scenarios.
std::size_t live_events(const RelayOptions& options);

// The next events of a range of the corpus, for Publishing.
class CorpusRange {
 public:
  CorpusRange(const Corpus& corpus, std::size_t begin, std::size_t end, std::function<bool(const CorpusRow&)> take = {})
      : corpus_(corpus), begin_(begin), at_(begin), end_(end), take_(std::move(take)) {}
  void repeat() { repeats_ = true; }  // begins anew where it ended
  std::optional<Publishing::Item> next();
  std::size_t at() const { return at_; }

 private:
  const Corpus& corpus_;
  std::size_t begin_;
  std::size_t at_;
  std::size_t end_;
  bool repeats_ = false;
  std::function<bool(const CorpusRow&)> take_;
};

// Publishes the range with so many in flight until it ends or the time is up, and waits for every OK.
struct Published {
  Span span;
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;
  std::string last_refusal;
  LoadHistogram latency;
  bool complete = false;
};
Published publish(RelayBench& bench, CorpusRange& range, std::size_t connections, std::size_t in_flight,
                  std::chrono::milliseconds longest, bool settle);

}  // namespace pharos::bench
