// Owns the cells behind the handles and writes them in the Prometheus text format 0.0.4.
//
// Owned by app; outlives every handle. Any thread; making handles and rendering take a lock, counting does not.
// A series is made once: asking again for the same metric and label values gives the same cell. Each metric has a cap
// of series; beyond it the handles count into nothing and metric_series_refused_total goes up.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/catalog.h"
#include "metrics/handles.h"

namespace pharos::metrics {

class Registry {
 public:
  struct Options {
    std::size_t max_series_per_metric = 8192;
    std::size_t max_upstream_labels = 500;
  };

  explicit Registry(const Options& options);
  Registry() : Registry(Options{}) {}
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  using LabelValues = std::vector<std::string>;  // in the order of the row's labels

  Counter counter(MetricId id, const LabelValues& labels = {});
  Gauge gauge(MetricId id, const LabelValues& labels = {});
  Histogram histogram(MetricId id, const LabelValues& labels = {});

  // A counter or gauge whose value is asked for at every scrape.
  void sample(MetricId id, const LabelValues& labels, std::function<double()> value);
  // Called at the start of every scrape, to set gauges from figures that cost something to read. Not from a collector.
  void on_scrape(std::function<void()> collector);

  // The name as a label value: itself for the first max_upstream_labels distinct names, "other" for later ones.
  std::string upstream_label(std::string_view name);

  // The whole exposition. Metrics without a series are left out.
  std::string render();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pharos::metrics
