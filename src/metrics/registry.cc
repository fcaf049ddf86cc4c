#include "metrics/registry.h"

#include <deque>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <variant>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "metrics/histogram_cell.h"
#include "util/check.h"
#include "util/sync.h"

namespace pharos::metrics {
namespace {

using CounterCell = std::atomic<std::uint64_t>;
using GaugeCell = std::atomic<std::int64_t>;
using Cell = std::variant<CounterCell*, GaugeCell*, HistogramCell*, std::function<double()>>;

prometheus::MetricType exposed_type(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return prometheus::MetricType::Counter;
    case MetricType::gauge:
      return prometheus::MetricType::Gauge;
    case MetricType::histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

void fill_histogram(prometheus::ClientMetric& metric, const HistogramCell& cell) {
  std::uint64_t total = 0;
  const std::vector<std::uint64_t> counts = cell.counts();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    const double bound = i < cell.bounds().size() ? cell.bounds()[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({total, bound});
  }
  metric.histogram.sample_count = total;
  metric.histogram.sample_sum = cell.sum();
}

void fill_scalar(prometheus::ClientMetric& metric, MetricType type, double value) {
  if (type == MetricType::counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

prometheus::ClientMetric exposed(MetricType type, const Cell& cell) {
  prometheus::ClientMetric metric;
  if (const auto* counter = std::get_if<CounterCell*>(&cell)) {
    fill_scalar(metric, type, static_cast<double>((*counter)->load(std::memory_order_relaxed)));
  } else if (const auto* gauge = std::get_if<GaugeCell*>(&cell)) {
    fill_scalar(metric, type, static_cast<double>((*gauge)->load(std::memory_order_relaxed)));
  } else if (const auto* histogram = std::get_if<HistogramCell*>(&cell)) {
    fill_histogram(metric, **histogram);
  } else {
    fill_scalar(metric, type, std::get<std::function<double()>>(cell)());
  }
  return metric;
}

}  // namespace

class Registry::Impl final : public prometheus::Collectable {
 public:
  explicit Impl(const Options& options) : options_(options), families_(catalog().size()) {
    refused_ = Counter(*make<CounterCell*>(MetricId::metric_series_refused_total, {}, counters_));
  }

  Counter counter(MetricId id, const LabelValues& labels) {
    Lock lock(mutex_);
    CounterCell** cell = make<CounterCell*>(id, labels, counters_);
    return cell != nullptr ? Counter(*cell) : Counter();
  }
  Gauge gauge(MetricId id, const LabelValues& labels) {
    Lock lock(mutex_);
    GaugeCell** cell = make<GaugeCell*>(id, labels, gauges_);
    return cell != nullptr ? Gauge(*cell) : Gauge();
  }
  Histogram histogram(MetricId id, const LabelValues& labels) {
    Lock lock(mutex_);
    HistogramCell** cell = make<HistogramCell*>(id, labels, histograms_, bounds(row(id).buckets));
    return cell != nullptr ? Histogram(*cell) : Histogram();
  }
  void sample(MetricId id, const LabelValues& labels, std::function<double()> value) {
    Lock lock(mutex_);
    if (has_room(id, labels)) families_[static_cast<std::size_t>(id)].insert_or_assign(labels, std::move(value));
  }
  void on_scrape(std::function<void()> collector) {
    Lock lock(mutex_);
    collectors_.push_back(std::move(collector));
  }

  std::string upstream_label(std::string_view name) {
    Lock lock(mutex_);
    if (upstreams_.contains(name)) return std::string(name);
    if (upstreams_.size() >= options_.max_upstream_labels) return "other";
    upstreams_.emplace(name);
    return std::string(name);
  }

  void run_collectors() {
    std::vector<std::function<void()>> collectors;
    {
      Lock lock(mutex_);
      collectors = collectors_;
    }
    for (const auto& collector : collectors) collector();
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    Lock lock(mutex_);
    std::vector<prometheus::MetricFamily> exposition;
    for (const MetricRow& r : catalog()) {
      const auto& family = families_[static_cast<std::size_t>(r.id)];
      if (family.empty()) continue;
      prometheus::MetricFamily out{exposed_name(r), std::string(r.help), exposed_type(r.type), {}};
      const std::vector<std::string> names = label_names(r);
      for (const auto& [values, cell] : family) {
        prometheus::ClientMetric metric = exposed(r.type, cell);
        for (std::size_t i = 0; i < names.size(); ++i) metric.label.push_back({names[i], values[i]});
        out.metric.push_back(std::move(metric));
      }
      exposition.push_back(std::move(out));
    }
    return exposition;
  }

 private:
  bool has_room(MetricId id, const LabelValues& labels) {
    PHAROS_FATAL_CHECK(labels.size() == label_names(row(id)).size());
    const auto& family = families_[static_cast<std::size_t>(id)];
    if (family.contains(labels) || family.size() < options_.max_series_per_metric) return true;
    refused_.add();
    return false;
  }

  // The cell of that series, made in `store` when it is new; nullptr when the metric is full.
  template <class Pointer, class Store, class... Args>
  Pointer* make(MetricId id, const LabelValues& labels, Store& store, Args&&... args) {
    if (!has_room(id, labels)) return nullptr;
    auto& family = families_[static_cast<std::size_t>(id)];
    auto found = family.find(labels);
    if (found == family.end()) {
      found = family.emplace(labels, Pointer(&store.emplace_back(std::forward<Args>(args)...))).first;
    }
    return std::get_if<Pointer>(&found->second);
  }

  const Options options_;
  mutable Mutex mutex_;
  std::deque<CounterCell> counters_;
  std::deque<GaugeCell> gauges_;
  std::deque<HistogramCell> histograms_;
  std::vector<std::map<LabelValues, Cell>> families_;
  std::vector<std::function<void()>> collectors_;
  std::set<std::string, std::less<>> upstreams_;
  Counter refused_;
};

Registry::Registry(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
Registry::~Registry() = default;

Counter Registry::counter(MetricId id, const LabelValues& labels) { return impl_->counter(id, labels); }
Gauge Registry::gauge(MetricId id, const LabelValues& labels) { return impl_->gauge(id, labels); }
Histogram Registry::histogram(MetricId id, const LabelValues& labels) { return impl_->histogram(id, labels); }
void Registry::sample(MetricId id, const LabelValues& labels, std::function<double()> value) {
  impl_->sample(id, labels, std::move(value));
}
void Registry::on_scrape(std::function<void()> collector) { impl_->on_scrape(std::move(collector)); }
std::string Registry::upstream_label(std::string_view name) { return impl_->upstream_label(name); }

std::string Registry::render() {
  impl_->run_collectors();
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->Collect());
  return std::move(out).str();
}

}  // namespace pharos::metrics
