// The negentropy sessions of one connection (NIP-77), by the name the client gave and by a key that is never used
// again. Names are apart from those of subscriptions. Pure; one thread.
//
// Phases: waiting (for its turn on the pool) -> working (on the answer) -> idle (until the client's next message).
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "relay/live_index.h"
#include "relay/subscriptions.h"

namespace pharos::relay {

struct Negotiation {
  enum class Phase { waiting, working, idle };

  SubscriptionKey key = 0;
  std::string name;
  FilterList filters;
  std::string message;  // the client's, while it waits
  Phase phase = Phase::waiting;
  bool begun = false;      // it has been working
  bool parked = false;     // what it can read again was given back; since it is idle
  std::size_t values = 0;  // filter values, as Limits::max_filter_values counts them
  SteadyTime since;        // the client's last message, or in idle our answer
};

class Negotiations {
 public:
  // Keys count up from `first`.
  explicit Negotiations(SubscriptionKey first) : next_key_(first) {}

  // The name is free. References hold until that one is removed.
  Negotiation& add(std::string name, FilterList filters, std::string message, SteadyTime now);
  void remove(SubscriptionKey key);

  Negotiation* find(SubscriptionKey key);
  Negotiation* find(std::string_view name);

  // The idle one waits for its turn with this message.
  void queue(Negotiation& negotiation, std::string message, SteadyTime now);
  // The one that has waited longest, if any, which is working now.
  Negotiation* next_waiting();
  void rest(Negotiation& negotiation, SteadyTime now);
  // Those that have been idle since then or before.
  std::vector<SubscriptionKey> idle_since(SteadyTime then) const;

  std::vector<SubscriptionKey> keys() const;
  std::size_t size() const { return by_key_.size(); }
  std::size_t values() const { return values_; }
  std::size_t working() const { return working_; }

 private:
  SubscriptionKey next_key_;
  std::unordered_map<SubscriptionKey, Negotiation> by_key_;
  std::unordered_map<std::string, SubscriptionKey> by_name_;
  std::deque<SubscriptionKey> line_;  // the waiting ones, oldest first
  std::size_t values_ = 0;
  std::size_t working_ = 0;
};

}  // namespace pharos::relay
