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
  Event& scratch() { return scratch_; }
  // Shares what was parsed.
  storage::EventPtr share(Event&& parsed) {
    const auto event = pool_.take();
    std::swap(*event, parsed);
    scratch_ = std::move(parsed);
    return event;
  }

 private:
  static constexpr std::size_t kMost = 1024;
  static constexpr std::size_t kMostBytes = 8 * 1024;  // of one that is kept

  Pool<Event> pool_{kMost, [](Event& event) { return byte_size(event) <= kMostBytes; }};
  Event scratch_;
};

}  // namespace pharos::relay
