#include "relay/subscriptions.h"

#include <algorithm>

#include "nostr/message.h"
#include "nostr/search_query.h"

namespace pharos::relay {

Subscription& SubscriptionSet::add(std::string name, FilterList filters, SteadyTime now) {
  const SubscriptionKey key = next_key_++;
  Subscription& added = by_key_[key];
  added.key = key;
  added.name = std::move(name);
  added.values = count_values(*filters);
  added.filters = std::move(filters);
  std::string prefix;
  append_event_prefix(prefix, added.name);
  added.prefix = std::make_shared<const std::string>(std::move(prefix));
  added.since = now;
  values_ += added.values;
  by_name_[added.name] = key;
  line_.push_back(key);
  return added;
}

void SubscriptionSet::remove(SubscriptionKey key) {
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return;
  values_ -= at->second.values;
  take_held(at->second);
  if (at->second.phase == Subscription::Phase::waiting) std::erase(line_, key);
  by_name_.erase(at->second.name);
  by_key_.erase(at);
}

Subscription* SubscriptionSet::find(SubscriptionKey key) {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : &at->second;
}

Subscription* SubscriptionSet::find(std::string_view name) {
  const auto at = by_name_.find(std::string(name));
  return at == by_name_.end() ? nullptr : find(at->second);
}

Subscription* SubscriptionSet::next_waiting() {
  if (line_.empty()) return nullptr;
  const SubscriptionKey key = line_.front();
  line_.pop_front();
  return find(key);
}

void SubscriptionSet::hold(Subscription& subscription, const LiveEventPtr& event) {
  // Others may share it, but somebody has to be charged.
  const std::size_t bytes = event->bytes();
  subscription.held.push_back(event);
  subscription.held_bytes += bytes;
  ++held_events_;
  held_bytes_ += bytes;
}

std::vector<LiveEventPtr> SubscriptionSet::take_held(Subscription& subscription) {
  held_events_ -= subscription.held.size();
  held_bytes_ -= subscription.held_bytes;
  subscription.held_bytes = 0;
  return std::exchange(subscription.held, {});
}

void SubscriptionSet::note_given(Subscription& subscription, std::span<const storage::Seq> seqs) {
  if (seqs.empty()) return;
  std::vector<storage::Seq>& given = subscription.given;
  given.insert(given.end(), seqs.begin(), seqs.end());
  std::ranges::sort(given);
  std::erase_if(subscription.held, [&](const LiveEventPtr& event) {
    if (!std::ranges::binary_search(given, event->seq())) return false;
    --held_events_;
    held_bytes_ -= event->bytes();
    subscription.held_bytes -= event->bytes();
    return true;
  });
}

bool SubscriptionSet::was_given(Subscription& subscription, storage::Seq seq) {
  std::vector<storage::Seq>& given = subscription.given;
  if (given.empty()) return false;
  const auto at = std::ranges::lower_bound(given, seq);
  const bool found = at != given.end() && *at == seq;
  given.erase(given.begin(), found ? at + 1 : at);
  return found;
}

std::size_t SubscriptionSet::stored_phases() const {
  return static_cast<std::size_t>(std::count_if(by_key_.begin(), by_key_.end(), [](const auto& entry) {
    return entry.second.phase == Subscription::Phase::stored;
  }));
}

std::vector<SubscriptionKey> SubscriptionSet::keys() const {
  std::vector<SubscriptionKey> keys;
  keys.reserve(by_key_.size());
  for (const auto& [key, subscription] : by_key_) keys.push_back(key);
  return keys;
}

std::size_t SubscriptionSet::count_values(const std::vector<Filter>& filters) {
  std::size_t count = filters.size();
  for (const Filter& filter : filters) {
    if (filter.ids) count += filter.ids->size();
    if (filter.authors) count += filter.authors->size();
    if (filter.kinds) count += filter.kinds->size();
    for (const TagCondition& condition : filter.tags) count += condition.values.size();
    if (filter.search) {
      count += filter.search->words.size();
      for (const auto* phrases : {&filter.search->phrases, &filter.search->excluded}) {
        for (const SearchQuery::Phrase& phrase : *phrases) count += phrase.size();
      }
    }
  }
  return count;
}

}  // namespace pharos::relay
