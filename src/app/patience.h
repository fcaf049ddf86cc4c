// How often a relay that refuses for now is asked again, and after what pause. One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace pharos::app {

class Patience {
 public:
  struct Options {
    std::chrono::milliseconds first{500};
    std::chrono::milliseconds longest{30'000};
    unsigned tries = 10;  // without success between them: together two minutes and a half
  };
  // authenticates: whether the relay is told who asks (NIP-42), so that it may be asked again when it wanted that.
  Patience(const Options& options, bool authenticates) : options_(options), authenticates_(authenticates) {}

  // By its prefix (NIP-01, NIP-42).
  bool is_for_now(std::string_view refusal) const {
    return refusal.starts_with("rate-limited:") || (authenticates_ && refusal.starts_with("auth-required:"));
  }
  bool is_lost() const { return tries_ >= options_.tries; }
  // Before the next try.
  std::chrono::milliseconds pause() {
    const unsigned doublings = std::min(tries_++, 16U);
    return std::min(options_.longest, options_.first * (std::int64_t{1} << doublings));
  }
  void succeeded() { tries_ = 0; }

 private:
  const Options options_;
  const bool authenticates_;
  unsigned tries_ = 0;
};

}  // namespace pharos::app
