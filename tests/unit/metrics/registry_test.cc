// Cells, series and their caps, histograms, collectors.

#include "metrics/registry.h"

#include <gmock/gmock.h>

#include "metrics/router_metrics.h"

namespace pharos::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Registry, HandlesOfOneSeriesShareItsCell) {
  Registry registry;
  const Counter a = registry.counter(MetricId::messages_received_total, {"REQ"});
  const Counter b = registry.counter(MetricId::messages_received_total, {"REQ"});
  a.add(2);
  b.add();
  EXPECT_EQ(a.value(), 3U);
  EXPECT_THAT(registry.render(), HasSubstr("pharos_messages_received_total{verb=\"REQ\"} 3\n"));
}

TEST(Registry, UnwiredHandlesCountIntoNothing) {
  const Counter counter;
  const Gauge gauge;
  const Histogram histogram;
  counter.add();
  gauge.set(5);
  histogram.observe(1);
  EXPECT_EQ(counter.value(), 0U);
  EXPECT_EQ(gauge.value(), 0);
}

TEST(Registry, HistogramBucketsAreCumulativeAndABoundBelongsToItsBucket) {
  Registry registry;
  const Histogram histogram = registry.histogram(MetricId::write_batch_events);
  for (const double value : {1.0, 2.0, 2.5, 5000.0}) histogram.observe(value);
  const std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("pharos_write_batch_events_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pharos_write_batch_events_bucket{le=\"2\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("pharos_write_batch_events_bucket{le=\"4\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("pharos_write_batch_events_bucket{le=\"1024\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("pharos_write_batch_events_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("pharos_write_batch_events_count 4\n"));
  EXPECT_THAT(text, HasSubstr("pharos_write_batch_events_sum 5005.5\n"));
}

TEST(Registry, SeriesBeyondTheCapAreRefusedAndCounted) {
  Registry registry({.max_series_per_metric = 2, .max_upstream_labels = 500});
  registry.gauge(MetricId::lmdb_entries, {"a"}).set(1);
  registry.gauge(MetricId::lmdb_entries, {"b"}).set(1);
  registry.gauge(MetricId::lmdb_entries, {"c"}).set(1);
  const std::string text = registry.render();
  EXPECT_THAT(text, Not(HasSubstr("table=\"c\"")));
  EXPECT_THAT(text, HasSubstr("pharos_metric_series_refused_total 1\n"));
}

TEST(Registry, UpstreamsBeyondTheCapShareOneLabel) {
  Registry registry({.max_series_per_metric = 8192, .max_upstream_labels = 2});
  EXPECT_EQ(registry.upstream_label("a"), "a");
  EXPECT_EQ(registry.upstream_label("b"), "b");
  EXPECT_EQ(registry.upstream_label("c"), "other");
  EXPECT_EQ(registry.upstream_label("a"), "a");
}

TEST(Registry, CollectorsRunBeforeAScrapeAndSamplesAreAskedAtIt) {
  Registry registry;
  const Gauge gauge = registry.gauge(MetricId::lmdb_map_used_bytes);
  registry.on_scrape([gauge] { gauge.set(42); });
  registry.sample(MetricId::process_cpu_seconds_total, {}, [] { return 1.25; });
  const std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("pharos_lmdb_map_used_bytes 42\n"));
  EXPECT_THAT(text, HasSubstr("process_cpu_seconds_total 1.25\n"));
}

TEST(Registry, ConnectOutcomesOutsideTheClosedSetDoNotMakeSeries) {
  Registry registry;
  const UpstreamMetrics upstream = make_upstream_metrics(registry, "one");
  upstream.count_connect("ok");
  upstream.count_connect("something a peer said");
  const std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("pharos_router_connects_total{upstream=\"one\",result=\"ok\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("a peer said")));
}

}  // namespace
}  // namespace pharos::metrics
