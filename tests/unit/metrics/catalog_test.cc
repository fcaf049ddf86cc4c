// The names and labels that dashboards and alerts depend on, and the rules they follow.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include <gmock/gmock.h>

#include "metrics/access_metrics.h"
#include "metrics/ingest_metrics.h"
#include "metrics/monitor_metrics.h"
#include "metrics/net_metrics.h"
#include "metrics/plugin_metrics.h"
#include "metrics/registry.h"
#include "metrics/relay_metrics.h"
#include "metrics/router_metrics.h"
#include "metrics/storage_metrics.h"
#include "support/paths.h"
#include "support/process.h"

namespace pharos::metrics {
namespace {

constexpr const char* kTypes[] = {"counter", "gauge", "histogram"};

std::string catalog_text() {
  std::string text;
  for (const MetricRow& r : catalog()) {
    text += exposed_name(r) + " " + kTypes[static_cast<std::size_t>(r.type)];
    if (!r.labels.empty()) text += " {" + std::string(r.labels) + "}";
    text += "\n";
  }
  return text;
}

// A series of every metric: those that the layers make, and one of each that is left.
void make_all(Registry& registry) {
  make_storage_metrics(registry);
  make_net_metrics(registry);
  make_ingest_metrics(registry);
  make_access_metrics(registry);
  make_plugin_metrics(registry);
  make_relay_metrics(registry);
  make_router_metrics(registry).for_upstream("one");
  make_monitor_metrics(registry);
  const std::string made = registry.render();
  for (const MetricRow& r : catalog()) {
    if (made.find("# TYPE " + exposed_name(r) + " ") != std::string::npos) continue;
    const Registry::LabelValues labels(label_names(r).size(), "x");
    if (r.type == MetricType::counter) registry.counter(r.id, labels);
    if (r.type == MetricType::gauge) registry.gauge(r.id, labels);
    if (r.type == MetricType::histogram) registry.histogram(r.id, labels);
  }
}

TEST(Catalog, NamesAndLabelsAreAsPromised) {
  const std::string file = testing::source_dir() + "/tests/golden/metrics.txt";
  if (std::getenv("PHAROS_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << catalog_text();
  std::ifstream in(file);
  const std::string golden((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(catalog_text(), golden) << "after a wanted change run this test with PHAROS_UPDATE_GOLDEN=1";
}

TEST(Catalog, NamesAreUniqueAndFollowTheRules) {
  std::set<std::string> names;
  for (const MetricRow& r : catalog()) {
    EXPECT_TRUE(names.insert(exposed_name(r)).second) << r.name;
    EXPECT_EQ(r.name.ends_with("_total"), r.type == MetricType::counter) << r.name;
    EXPECT_EQ(r.buckets == Buckets::none, r.type != MetricType::histogram) << r.name;
    EXPECT_TRUE(r.help.ends_with(".")) << r.name;
  }
}

TEST(Catalog, EveryMetricPassesPromtool) {
  Registry registry;
  make_all(registry);
  const testing::Ran checked = testing::run({"promtool", "check", "metrics"}, registry.render());
  if (checked.exit_code == 127) GTEST_SKIP() << "promtool is not installed";
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
}

TEST(Catalog, LabelSetsThatLayersKnowAreMadeUpFront) {
  Registry registry;
  make_ingest_metrics(registry);
  make_monitor_metrics(registry);
  const std::string text = registry.render();
  EXPECT_THAT(text,
              ::testing::HasSubstr("pharos_events_rejected_total{source=\"client\",reason=\"invalid_signature\"} 0\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("pharos_events_stored_total{source=\"import\",kind=\"other\"} 0\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("pharos_monitor_checks_total{check=\"nip11\",result=\"timeout\"} 0\n"));
}

}  // namespace
}  // namespace pharos::metrics
