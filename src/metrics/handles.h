// Handles to metric cells. A default-made handle counts into nothing, so a layer's metrics struct works unwired in
// tests. Any thread; the registry that made the cells outlives all handles.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace pharos::metrics {

class Counter {
 public:
  Counter() = default;
  explicit Counter(std::atomic<std::uint64_t>* cell) : cell_(cell) {}
  void add(std::uint64_t n = 1) const {
    if (cell_ != nullptr) cell_->fetch_add(n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return cell_ != nullptr ? cell_->load(std::memory_order_relaxed) : 0; }

 private:
  std::atomic<std::uint64_t>* cell_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(std::atomic<std::int64_t>* cell) : cell_(cell) {}
  void set(std::int64_t value) const {
    if (cell_ != nullptr) cell_->store(value, std::memory_order_relaxed);
  }
  void add(std::int64_t n) const {
    if (cell_ != nullptr) cell_->fetch_add(n, std::memory_order_relaxed);
  }
  std::int64_t value() const { return cell_ != nullptr ? cell_->load(std::memory_order_relaxed) : 0; }

 private:
  std::atomic<std::int64_t>* cell_ = nullptr;
};

// Lock-free buckets; see registry.cc for how they are exposed.
class HistogramCell;
class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(HistogramCell* cell) : cell_(cell) {}
  void observe(double value) const;

 private:
  HistogramCell* cell_ = nullptr;
};

}  // namespace pharos::metrics
