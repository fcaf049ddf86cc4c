// The events that a shard's connections send: parsed into memory of events that went before, so that the usual one is
// taken without an allocation. One thread; the events are shared by any.
#pragma once

#include <utility>

#include "nostr/event.h"
#include "storage/store.h"
#include "util/pool.h"

namespace pharos::relay {

class EventPool {
 public:
  // What the next message is parsed into.
  Event& scratch() {
    // A large event that was refused has left its buffers here.
    if (reserved_bytes(scratch_) > kMostBytes) const Event given_up = std::move(scratch_);
    return scratch_;
  }
  // Shares what was parsed. What is in flight is bounded by its size, so it takes no far larger buffers along.
  storage::EventPtr share(Event&& parsed) {
    if (reserved_bytes(parsed) > byte_size(parsed) + kMostBytes) {
      Event exact(std::as_const(parsed));
      std::swap(parsed, exact);
    }
    const auto event = pool_.take();
    std::swap(*event, parsed);
    scratch_ = std::move(parsed);
    return event;
  }

 private:
  static constexpr std::size_t kMost = 1024;
  static constexpr std::size_t kMostBytes = 8 * 1024;  // of the buffers of one that is kept

  Pool<Event> pool_{kMost, [](Event& event) { return reserved_bytes(event) <= kMostBytes; }};
  Event scratch_;
};

}  // namespace pharos::relay
