// The subscriptions of one connection (NIP-01 REQ), by the name the client gave and by a key that is never used again,
// so that what still comes for a replaced or closed one is known to be stale. Pure; one thread.
//
// Phases: waiting (for its turn to scan) -> stored (EVENTs from the store) -> live (after EOSE). Live events that come
// during the stored phase are held, within caps over the whole connection.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "relay/live_event.h"
#include "relay/live_index.h"

namespace pharos::relay {

using SubscriptionKey = std::uint64_t;

struct Subscription {
  enum class Phase { waiting, stored, live };

  SubscriptionKey key = 0;
  std::string name;
  FilterList filters;
  std::shared_ptr<const std::string> prefix;  // ["EVENT",<name>, as every event of it begins
  Phase phase = Phase::waiting;
  storage::Seq max_stored_seq = 0;  // the stored phase covers what is committed up to here
  std::vector<LiveEventPtr> held;
  std::size_t held_bytes = 0;
  std::vector<storage::Seq> given;  // in the stored phase, above max_stored_seq; ascending, until they come live
  std::size_t values = 0;           // filter values, as Limits::max_filter_values counts them
  SteadyTime since;
};

class SubscriptionSet {
 public:
  // Keys count up from `first`.
  explicit SubscriptionSet(SubscriptionKey first = 1) : next_key_(first) {}

  // The name is free. The reference holds until that subscription is removed.
  Subscription& add(std::string name, FilterList filters, SteadyTime now);
  void remove(SubscriptionKey key);

  Subscription* find(SubscriptionKey key);
  Subscription* find(std::string_view name);

  // The subscription that has waited longest, if any; it is not waiting in line any more.
  Subscription* next_waiting();
  void hold(Subscription& subscription, const LiveEventPtr& event);
  std::vector<LiveEventPtr> take_held(Subscription& subscription);
  // The stored phase gave these, above max_stored_seq: of the live events they are left out.
  void note_given(Subscription& subscription, std::span<const storage::Seq> seqs);
  // Whether that live event was. They come in this order: asked once each, with the number never less than before.
  static bool was_given(Subscription& subscription, storage::Seq seq);

  std::size_t size() const { return by_key_.size(); }
  std::size_t values() const { return values_; }
  std::size_t stored_phases() const;
  std::size_t held_events() const { return held_events_; }
  std::size_t held_bytes() const { return held_bytes_; }
  std::vector<SubscriptionKey> keys() const;

  static std::size_t count_values(const std::vector<Filter>& filters);

 private:
  SubscriptionKey next_key_;
  std::unordered_map<SubscriptionKey, Subscription> by_key_;
  std::unordered_map<std::string, SubscriptionKey> by_name_;
  std::deque<SubscriptionKey> line_;  // the waiting ones, oldest first
  std::size_t values_ = 0;
  std::size_t held_events_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace pharos::relay
