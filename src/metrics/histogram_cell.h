// The buckets of one histogram series. Any thread; observe() is two relaxed atomic additions.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace pharos::metrics {

class HistogramCell {
 public:
  // bounds outlive the cell.
  explicit HistogramCell(std::span<const double> bounds);

  void observe(double value);

  std::span<const double> bounds() const { return bounds_; }
  // Counts per bucket, not cumulative, the last one for +Inf. Concurrent observations may be seen in part.
  std::vector<std::uint64_t> counts() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::span<const double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

}  // namespace pharos::metrics
