// The memory that the sets of all negentropy sessions share. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "metrics/relay_metrics.h"

namespace pharos::relay {

class NegMemory {
 public:
  NegMemory(std::size_t cap_bytes, const metrics::RelayMetrics& metrics)
      : cap_(cap_bytes), taken_gauge_(metrics.neg_memory), records_gauge_(metrics.neg_records) {}

  // A set's share; gives it back when destroyed. One thread at a time.
  class Share {
   public:
    explicit Share(NegMemory& memory) : memory_(memory) {}
    ~Share() { grow(0, 0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // The set has come to so much; false when that is more than there is left, and nothing was taken.
    bool grow(std::size_t bytes, std::size_t records) {
      if (bytes > bytes_ && !memory_.take(bytes - bytes_)) return false;
      if (bytes < bytes_) memory_.taken_ -= bytes_ - bytes;
      memory_.taken_gauge_.add(static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(bytes_));
      memory_.records_gauge_.add(static_cast<std::int64_t>(records) - static_cast<std::int64_t>(records_));
      bytes_ = bytes;
      records_ = records;
      return true;
    }

   private:
    NegMemory& memory_;
    std::size_t bytes_ = 0;
    std::size_t records_ = 0;
  };

 private:
  bool take(std::size_t bytes) {
    if (taken_.fetch_add(bytes) + bytes <= cap_) return true;
    taken_ -= bytes;
    return false;
  }

  const std::size_t cap_;
  std::atomic<std::size_t> taken_{0};
  const metrics::Gauge taken_gauge_;
  const metrics::Gauge records_gauge_;
};

}  // namespace pharos::relay
