// The classes of histogram bounds. A class is chosen by what is measured, so that histograms of one kind compare.
#pragma once

#include <span>

namespace pharos::metrics {

enum class Buckets { none, latency, cpu, network, lifetime, size, batch };

namespace detail {
inline constexpr double kLatency[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
inline constexpr double kCpu[] = {0.00001, 0.00002, 0.00003, 0.00005, 0.000075, 0.0001, 0.0002, 0.0005, 0.001, 0.01};
inline constexpr double kNetwork[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60};
inline constexpr double kLifetime[] = {1, 10, 60, 300, 900, 3600, 14400, 86400, 604800};
inline constexpr double kSize[] = {256, 1024, 4096, 16384, 65536, 262144, 1048576};
inline constexpr double kBatch[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
}  // namespace detail

// Upper bounds, ascending, +Inf left out. Seconds, except size (bytes) and batch (a count).
constexpr std::span<const double> bounds(Buckets buckets) {
  switch (buckets) {
    case Buckets::none:
      return {};
    case Buckets::latency:
      return detail::kLatency;
    case Buckets::cpu:
      return detail::kCpu;
    case Buckets::network:
      return detail::kNetwork;
    case Buckets::lifetime:
      return detail::kLifetime;
    case Buckets::size:
      return detail::kSize;
    case Buckets::batch:
      return detail::kBatch;
  }
  return {};
}

}  // namespace pharos::metrics
