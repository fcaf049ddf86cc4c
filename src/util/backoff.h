// Exponential backoff with full jitter: the n-th delay is uniform in [0, min(cap, first * 2^n)], never below floor.
// Pure; the caller owns the timer. Reset by progress, not by mere connection.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "util/random.h"

namespace pharos {

class Backoff {
 public:
  struct Options {
    std::chrono::milliseconds first{1'000};
    std::chrono::milliseconds cap{300'000};
    std::chrono::milliseconds floor{100};
  };

  explicit Backoff(Options options) : options_(options) {}
  Backoff() : Backoff(Options{}) {}

  std::chrono::milliseconds next(Random& random) {
    const std::int64_t ceiling =
        std::min<std::int64_t>(options_.cap.count(), options_.first.count() << std::min(attempts_, 30U));
    ++attempts_;
    const auto jittered = static_cast<std::int64_t>(random.unit() * static_cast<double>(ceiling));
    return std::chrono::milliseconds(std::max(options_.floor.count(), jittered));
  }
  void reset() { attempts_ = 0; }
  unsigned attempts() const { return attempts_; }

 private:
  Options options_;
  unsigned attempts_ = 0;
};

}  // namespace pharos
