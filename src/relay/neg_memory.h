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
    bool grow(std::size_t bytes, std::size_t records) { return change(bytes, records, memory_.cap_); }
    // The same for what the set can do without: half of the memory is left to what cannot be read again.
    bool grow_sparingly(std::size_t bytes) { return change(bytes, 0, memory_.cap_ / 2); }

   private:
    bool change(std::size_t bytes, std::size_t records, std::size_t most) {
      if (bytes > bytes_ && !memory_.take(bytes - bytes_, most)) return false;
      if (bytes < bytes_) memory_.taken_ -= bytes_ - bytes;
      memory_.taken_gauge_.add(static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(bytes_));
      memory_.records_gauge_.add(static_cast<std::int64_t>(records) - static_cast<std::int64_t>(records_));
      bytes_ = bytes;
      records_ = records;
      return true;
    }

    NegMemory& memory_;
    std::size_t bytes_ = 0;
    std::size_t records_ = 0;
  };

 private:
  bool take(std::size_t bytes, std::size_t most) {
    if (taken_.fetch_add(bytes) + bytes <= most) return true;
    taken_ -= bytes;
    return false;
  }

  const std::size_t cap_;
  std::atomic<std::size_t> taken_{0};
  const metrics::Gauge taken_gauge_;
  const metrics::Gauge records_gauge_;
};

}  // namespace pharos::relay
