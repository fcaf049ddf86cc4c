// How often a relay that refuses for now is asked again, and after what pause. One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "app/relay_link.h"

namespace pharos::app {

class Patience {
 public:
  struct Options {
    std::chrono::milliseconds first{500};
    std::chrono::milliseconds longest{15'000};
    unsigned tries = 10;  // without success between them: together a minute and a half
  };
  // The link outlives it.
  Patience(const Options& options, const RelayLink& link) : options_(options), link_(link) {}

  // By its prefix (NIP-01); where AUTH is wanted (NIP-42), whether the link gives one that was not refused.
  bool is_for_now(std::string_view refusal) const {
    return refusal.starts_with("rate-limited:") || (link_.authenticates() && refusal.starts_with("auth-required:"));
  }
  bool is_lost() const { return tries_ >= options_.tries; }
  // Before the next try.
  std::chrono::milliseconds pause() {
    ++tries_;
    const auto pause = std::min(options_.longest, options_.first * (std::int64_t{1} << doublings_));
    doublings_ = std::min(doublings_ + 1, 16U);
    return pause;
  }
  // Something was done. What is refused beside it still makes the pauses longer, until nothing is.
  void succeeded(bool in_all) {
    tries_ = 0;
    if (in_all) doublings_ = 0;
  }

 private:
  const Options options_;
  const RelayLink& link_;
  unsigned tries_ = 0;
  unsigned doublings_ = 0;
};

}  // namespace pharos::app
