// Numbers the events taken from one upstream, and knows up to which of them every fate is decided: a claim about an
// interval waits for the tickets issued before it. Pure; one thread.
//
// Bounded by the events in flight, which the owner caps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace pharos::router {

using Ticket = std::uint64_t;

class Tickets {
 public:
  Ticket issue() {
    open_.push_back(true);
    ++undecided_;
    return last();
  }
  // Unknown and settled tickets are ignored.
  void settle(Ticket ticket) {
    if (ticket <= settled_ || ticket > last() || !open_[ticket - settled_ - 1]) return;
    open_[ticket - settled_ - 1] = false;
    --undecided_;
    while (!open_.empty() && !open_.front()) {
      open_.pop_front();
      ++settled_;
    }
  }
  Ticket last() const { return settled_ + open_.size(); }
  // Every ticket up to this one is settled.
  Ticket settled_through() const { return settled_; }
  std::size_t undecided() const { return undecided_; }

 private:
  std::deque<bool> open_;
  Ticket settled_ = 0;
  std::size_t undecided_ = 0;
};

}  // namespace pharos::router
