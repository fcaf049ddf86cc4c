#include "router/breaker.h"

namespace pharos::router {

Breaker::State Breaker::state(SteadyTime now) const {
  if (!tripped_) return State::closed;
  return now < open_until_ ? State::open : State::half_open;
}

void Breaker::failed(SteadyTime now) {
  const State at = state(now);
  if (at == State::open) return;
  ++failures_;
  successes_ = 0;
  if (failures_ >= (at == State::closed ? options_.failures_to_open : options_.half_open_attempts)) trip(now);
}

void Breaker::succeeded(SteadyTime now) {
  if (state(now) == State::closed) {
    failures_ = 0;
    return;
  }
  if (++successes_ < options_.successes_to_close) return;
  tripped_ = false;
  failures_ = 0;
  successes_ = 0;
}

void Breaker::trip(SteadyTime now) {
  tripped_ = true;
  open_until_ = now + options_.open_for;
  failures_ = 0;
  successes_ = 0;
}

std::string_view name(Breaker::State state) {
  switch (state) {
    case Breaker::State::closed:
      return "closed";
    case Breaker::State::open:
      return "open";
    case Breaker::State::half_open:
      return "half_open";
  }
  return "";
}

}  // namespace pharos::router
