// The rows of catalog.def as data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/buckets.h"

namespace pharos::metrics {

enum class MetricType { counter, gauge, histogram };

enum class MetricId : std::uint16_t {
#define PHAROS_METRIC(id, type, buckets, name, labels, help) id,
#include "metrics/catalog.def"
#undef PHAROS_METRIC
};

struct MetricRow {
  MetricId id;
  MetricType type;
  Buckets buckets;
  std::string_view name;    // without the prefix
  std::string_view labels;  // comma-separated
  std::string_view help;
};

// In the order of MetricId.
std::span<const MetricRow> catalog();
inline const MetricRow& row(MetricId id) { return catalog()[static_cast<std::size_t>(id)]; }

// "pharos_connections"; names of the process_ family have no prefix.
std::string exposed_name(const MetricRow& row);
std::vector<std::string> label_names(const MetricRow& row);

}  // namespace pharos::metrics
