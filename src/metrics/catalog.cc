#include "metrics/catalog.h"

namespace pharos::metrics {
namespace {

constexpr MetricRow kRows[] = {
#define PHAROS_METRIC(id, type, buckets, name, labels, help) \
  {MetricId::id, MetricType::type, Buckets::buckets, name, labels, help},
#include "metrics/catalog.def"
#undef PHAROS_METRIC
};

}  // namespace

std::span<const MetricRow> catalog() { return kRows; }

std::string exposed_name(const MetricRow& row) {
  if (row.name.starts_with("process_")) return std::string(row.name);
  return "pharos_" + std::string(row.name);
}

std::vector<std::string> label_names(const MetricRow& row) {
  std::vector<std::string> names;
  std::string_view rest = row.labels;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    names.emplace_back(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return names;
}

}  // namespace pharos::metrics
