// Events on their way to one publish relay: waiting, in flight, settled. Pure; one thread.
//
// Overflow: the oldest waiting event is dropped. A newer event of a replaceable or addressable kind takes the place of
// the waiting one that it replaces.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "monitor/options.h"
#include "nostr/event.h"
#include "storage/store.h"
#include "util/clock.h"

namespace pharos::monitor {

class Outbox {
 public:
  // lost: an event of this kind was given up for want of an answer, or dropped for want of room.
  Outbox(const PublishOptions& options, std::function<void(Kind)> lost)
      : capacity_(options.queue),
        window_(options.window),
        max_attempts_(options.max_attempts),
        ok_timeout_(options.ok_timeout),
        lost_(std::move(lost)) {}

  struct Totals {
    std::uint64_t accepted = 0;
    std::uint64_t rejected = 0;  // by the relay
    std::uint64_t failed = 0;    // no answer after every attempt
    std::uint64_t dropped = 0;   // overflow
  };

  void push(storage::EventPtr event);
  // Events to send now; they are in flight from here on.
  std::vector<storage::EventPtr> take(SteadyTime now);

  enum class Settled { unknown, accepted, rejected, later, wants_auth };
  // later: the relay asks for patience; the event waits again. wants_auth: it waits again too.
  struct Answer {
    Settled settled = Settled::unknown;
    Kind kind = 0;  // of the event, unless unknown
  };
  Answer on_ok(const EventId& id, bool accepted, std::string_view message, SteadyTime now);
  // Gives up or queues again what was not answered in time; true when there was such an event.
  bool expire(SteadyTime now);
  // What was in flight waits again.
  void on_disconnect();

  std::optional<SteadyTime> deadline() const;
  bool idle() const { return waiting_.empty() && in_flight_.empty(); }
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t in_flight() const { return in_flight_.size(); }
  const Totals& totals() const { return totals_; }
  std::chrono::milliseconds last_latency() const { return last_latency_; }
  const std::string& last_rejection() const { return last_rejection_; }

 private:
  struct Item {
    storage::EventPtr event;
    unsigned attempts = 0;
  };
  struct Sent {
    Item item;
    SteadyTime at;
  };
  void again(Item item);

  std::size_t capacity_;
  std::size_t window_;
  unsigned max_attempts_;
  std::chrono::milliseconds ok_timeout_;
  std::function<void(Kind)> lost_;
  std::deque<Item> waiting_;
  std::unordered_map<EventId, Sent> in_flight_;
  Totals totals_;
  std::chrono::milliseconds last_latency_{0};
  std::string last_rejection_;
};

}  // namespace pharos::monitor
