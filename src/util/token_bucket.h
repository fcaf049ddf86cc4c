// Token bucket: `rate` tokens a second, at most `burst` saved up. Pure; the caller passes the time. One thread.
#pragma once

#include <algorithm>
#include <chrono>

#include "util/clock.h"

namespace pharos {

class TokenBucket {
 public:
  TokenBucket(double rate_per_second, double burst, SteadyTime now)
      : rate_(rate_per_second), burst_(burst), tokens_(burst), last_(now) {}

  // Takes `cost` tokens when there are that many; false leaves the bucket as it was.
  bool take(double cost, SteadyTime now) {
    refill(now);
    if (tokens_ < cost) return false;
    tokens_ -= cost;
    return true;
  }

  // How long until `cost` tokens are there; zero when they are. cost <= burst.
  std::chrono::milliseconds wait_for(double cost, SteadyTime now) {
    refill(now);
    if (tokens_ >= cost) return std::chrono::milliseconds(0);
    return std::chrono::milliseconds(static_cast<std::int64_t>((cost - tokens_) / rate_ * 1000.0) + 1);
  }

 private:
  void refill(SteadyTime now) {
    const double elapsed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    tokens_ = std::min(burst_, tokens_ + std::max(0.0, elapsed) * rate_);
  }

  double rate_;
  double burst_;
  double tokens_;
  SteadyTime last_;
};

}  // namespace pharos
