// Token buckets: so many tokens a period, at most `burst` saved up. A bucket is one point of time, that at which it is
// full again, so the rate may change while it is in use. Integers that saturate; the caller passes the time. One
// thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "util/clock.h"

namespace pharos {

struct Rate {
  std::uint64_t tokens = 0;  // 0: no bound
  std::chrono::nanoseconds period{std::chrono::seconds(1)};
  std::uint64_t burst = 0;

  // Of real numbers: more than 0, and a burst of 1 at least.
  static Rate per_second(double rate, double burst) {
    const double nanoseconds = std::min(1e9 / rate, 9e18);
    return {1, std::chrono::nanoseconds(std::max<std::int64_t>(1, std::llround(nanoseconds))),
            static_cast<std::uint64_t>(std::clamp(burst, 1.0, 9e18))};
  }

  bool is_bound() const { return tokens > 0; }
  // In which so many tokens come, rounded down: the burst takes as long as its tokens one by one, or longer.
  Duration time_for(std::uint64_t count) const {
    const auto time = static_cast<unsigned __int128>(count) * static_cast<std::uint64_t>(period.count()) / tokens;
    constexpr Duration kLongest = Duration::max();
    return time > static_cast<std::uint64_t>(kLongest.count()) ? kLongest : Duration(static_cast<std::int64_t>(time));
  }

  friend bool operator==(const Rate&, const Rate&) = default;
};

// What one bucket remembers, without its rate; full at first.
class TokenLevel {
 public:
  // Takes `cost` tokens when there are that many. What is empty under a rate that is no more is empty, and not
  // more; a debt of charge() would end with it.
  bool take(const Rate& rate, std::uint64_t cost, SteadyTime now) {
    full_at_ = std::min(full_at_, now + std::min(rate.time_for(rate.burst), kNever));
    const SteadyTime next = after(cost, rate, now);
    if (next - now > rate.time_for(rate.burst)) return false;
    full_at_ = next;
    return true;
  }
  // For what cannot be refused any more: takes them even where that leaves a debt.
  void charge(const Rate& rate, std::uint64_t cost, SteadyTime now) { full_at_ = after(cost, rate, now); }

  // Of what take() took.
  void give_back(const Rate& rate, std::uint64_t cost) {
    if (full_at_ > SteadyTime::min() + rate.time_for(cost)) full_at_ -= rate.time_for(cost);
  }

  // How long until `cost` tokens are there, for 0 until there is no debt; zero when they are. cost <= burst.
  Duration wait_for(const Rate& rate, std::uint64_t cost, SteadyTime now) const {
    return std::max(Duration::zero(), after(cost, rate, now) - now - rate.time_for(rate.burst));
  }

  SteadyTime full_at() const { return full_at_; }

 private:
  // A century from now is never, and leaves room to count with.
  static constexpr Duration kNever = std::chrono::hours(24 * 365 * 100);

  SteadyTime after(std::uint64_t cost, const Rate& rate, SteadyTime now) const {
    const SteadyTime from = std::max(full_at_, now);
    const Duration time = rate.time_for(cost);
    return std::min(from - now, kNever) + std::min(time, kNever) >= kNever ? now + kNever : from + time;
  }

  SteadyTime full_at_ = SteadyTime::min();
};

// A bucket with a rate of its own.
class TokenBucket {
 public:
  explicit TokenBucket(const Rate& rate) : rate_(rate) {}

  bool take(std::uint64_t cost, SteadyTime now) { return level_.take(rate_, cost, now); }
  // Rounded up.
  std::chrono::milliseconds wait_for(std::uint64_t cost, SteadyTime now) const {
    return std::chrono::ceil<std::chrono::milliseconds>(level_.wait_for(rate_, cost, now));
  }

 private:
  Rate rate_;
  TokenLevel level_;
};

}  // namespace pharos
