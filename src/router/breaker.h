// Circuit breaker of one upstream: closed -> (failures) -> open -> (time) -> half open -> (successes) -> closed.
// Pure; one thread. A success is progress (an answer), never a mere connection.
#pragma once

#include <string_view>

#include "router/options.h"
#include "util/clock.h"

namespace pharos::router {

class Breaker {
 public:
  enum class State { closed, open, half_open };

  explicit Breaker(const BreakerOptions& options) : options_(options) {}

  // The state at `now`; an open breaker whose time is over is half open.
  State state(SteadyTime now) const;
  // When an attempt is next allowed; not later than `now` when it is allowed already.
  SteadyTime allowed_at(SteadyTime now) const { return state(now) == State::open ? open_until_ : now; }

  void failed(SteadyTime now);
  void succeeded(SteadyTime now);

 private:
  void trip(SteadyTime now);

  BreakerOptions options_;
  bool tripped_ = false;
  SteadyTime open_until_{};
  unsigned failures_ = 0;   // in a row while closed; attempts spent while half open
  unsigned successes_ = 0;  // while half open
};

std::string_view name(Breaker::State state);

}  // namespace pharos::router
