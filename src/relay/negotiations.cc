#include "relay/negotiations.h"

namespace pharos::relay {

Negotiation& Negotiations::add(std::string name, FilterList filters, std::string message, SteadyTime now) {
  const SubscriptionKey key = next_key_++;
  Negotiation& added = by_key_[key];
  added.key = key;
  added.name = std::move(name);
  added.values = SubscriptionSet::count_values(*filters);
  added.filters = std::move(filters);
  by_name_[added.name] = key;
  values_ += added.values;
  queue(added, std::move(message), now);
  return added;
}

void Negotiations::remove(SubscriptionKey key) {
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return;
  values_ -= at->second.values;
  if (at->second.phase == Negotiation::Phase::working) --working_;
  if (at->second.phase == Negotiation::Phase::waiting) std::erase(line_, key);
  by_name_.erase(at->second.name);
  by_key_.erase(at);
}

Negotiation* Negotiations::find(SubscriptionKey key) {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : &at->second;
}

Negotiation* Negotiations::find(std::string_view name) {
  const auto at = by_name_.find(std::string(name));
  return at == by_name_.end() ? nullptr : find(at->second);
}

void Negotiations::queue(Negotiation& negotiation, std::string message, SteadyTime now) {
  negotiation.message = std::move(message);
  negotiation.phase = Negotiation::Phase::waiting;
  negotiation.since = now;
  line_.push_back(negotiation.key);
}

Negotiation* Negotiations::next_waiting() {
  if (line_.empty()) return nullptr;
  Negotiation* const next = find(line_.front());
  line_.pop_front();
  next->phase = Negotiation::Phase::working;
  next->begun = true;
  ++working_;
  return next;
}

void Negotiations::rest(Negotiation& negotiation, SteadyTime now) {
  if (negotiation.phase == Negotiation::Phase::working) --working_;
  negotiation.phase = Negotiation::Phase::idle;
  negotiation.parked = false;
  negotiation.since = now;
}

std::vector<SubscriptionKey> Negotiations::idle_since(SteadyTime then) const {
  std::vector<SubscriptionKey> keys;
  for (const auto& [key, negotiation] : by_key_) {
    if (negotiation.phase == Negotiation::Phase::idle && negotiation.since <= then) keys.push_back(key);
  }
  return keys;
}

std::vector<SubscriptionKey> Negotiations::keys() const {
  std::vector<SubscriptionKey> keys;
  for (const auto& [key, negotiation] : by_key_) keys.push_back(key);
  return keys;
}

}  // namespace pharos::relay
