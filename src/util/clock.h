// Time comes from an injected Clock: deadlines from the steady side, created_at arithmetic from the wall side.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace pharos {

// Seconds since 1970-01-01 UTC as nostr counts them (NIP-01 created_at); never negative in an event.
using UnixSeconds = std::int64_t;

using SteadyTime = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

// Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime now() const = 0;
  // Wall time in milliseconds since 1970; may jump.
  virtual std::int64_t unix_milliseconds() const = 0;

  UnixSeconds unix_now() const { return unix_milliseconds() / 1000; }
};

class SystemClock final : public Clock {
 public:
  SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  std::int64_t unix_milliseconds() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

// `timeout` from now on the real clock: the deadline of a wait on a condition, which no test clock moves.
inline SteadyTime wait_deadline(std::chrono::milliseconds timeout) {
  return std::chrono::steady_clock::now() + timeout;
}

// A clock that stands still until told otherwise; both sides advance together.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixSeconds start = 1'700'000'000) : unix_milliseconds_(start * 1000) {}

  SteadyTime now() const override { return SteadyTime{} + std::chrono::milliseconds(steady_milliseconds_.load()); }
  std::int64_t unix_milliseconds() const override { return unix_milliseconds_.load(); }

  void advance(std::chrono::milliseconds step) {
    steady_milliseconds_ += step.count();
    unix_milliseconds_ += step.count();
  }
  // Moves the wall side alone, as an operator or NTP would.
  void set_unix(UnixSeconds now) { unix_milliseconds_ = now * 1000; }

 private:
  std::atomic<std::int64_t> steady_milliseconds_{1'000'000};
  std::atomic<std::int64_t> unix_milliseconds_;
};

}  // namespace pharos
