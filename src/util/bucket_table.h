// Token buckets by key: for each key a handful of them. Any thread; striped by key, so that threads rarely meet.
//
// Bounded: a key whose buckets are full again says nothing and is forgotten when others come; beyond the capacity of
// its stripe the key that is nearest to that goes, so that whoever uses most is remembered longest.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "util/sync.h"
#include "util/token_bucket.h"

namespace pharos {

template <std::size_t kKeyBytes, std::size_t kBuckets>
class BucketTable {
 public:
  using Key = std::array<std::uint8_t, kKeyBytes>;

  // What became of it, and of the table, for those who count.
  struct Outcome {
    Duration wait{0};        // zero: taken, and there is no debt
    std::int64_t grown = 0;  // keys more than before, or fewer
    bool evicted = false;    // one that was not full again had to go
  };

  // salt: secret, so that nobody can choose keys that lie in one chain.
  BucketTable(std::size_t capacity, std::size_t stripes, std::uint64_t salt)
      : stripe_capacity_(std::max<std::size_t>(1, capacity / stripes)), hash_{salt} {
    for (std::size_t i = 0; i < stripes; ++i) stripes_.emplace_back(hash_);
  }

  // As TokenLevel::take(); `wait` says when to come again.
  Outcome take(const Key& key, std::size_t bucket, const Rate& rate, std::uint64_t cost, SteadyTime now) {
    Stripe& stripe = stripe_of(key);
    Lock lock(stripe.mutex);
    Outcome outcome;
    TokenLevel& level = find_or_add(stripe, key, now, outcome)[bucket];
    if (!level.take(rate, cost, now)) outcome.wait = std::max(Duration(1), level.wait_for(rate, cost, now));
    return outcome;
  }
  // As TokenLevel::charge(); `wait` says how long the debt lasts.
  Outcome charge(const Key& key, std::size_t bucket, const Rate& rate, std::uint64_t cost, SteadyTime now) {
    Stripe& stripe = stripe_of(key);
    Lock lock(stripe.mutex);
    Outcome outcome;
    TokenLevel& level = find_or_add(stripe, key, now, outcome)[bucket];
    level.charge(rate, cost, now);
    outcome.wait = level.wait_for(rate, 0, now);
    return outcome;
  }
  // As TokenLevel::give_back(), where the key is still known.
  void give_back(const Key& key, std::size_t bucket, const Rate& rate, std::uint64_t cost) {
    Stripe& stripe = stripe_of(key);
    Lock lock(stripe.mutex);
    const auto found = stripe.entries.find(key);
    if (found != stripe.entries.end()) found->second[bucket].give_back(rate, cost);
  }
  // As TokenLevel::wait_for(); changes nothing.
  Duration wait_for(const Key& key, std::size_t bucket, const Rate& rate, std::uint64_t cost, SteadyTime now) {
    Stripe& stripe = stripe_of(key);
    Lock lock(stripe.mutex);
    const auto found = stripe.entries.find(key);
    return found == stripe.entries.end() ? Duration(0) : found->second[bucket].wait_for(rate, cost, now);
  }
  // Every bucket is full again. How many keys there were.
  std::int64_t clear() {
    std::int64_t count = 0;
    for (Stripe& stripe : stripes_) {
      Lock lock(stripe.mutex);
      count += static_cast<std::int64_t>(stripe.entries.size());
      stripe.due.clear();
      stripe.entries.clear();
    }
    return count;
  }

 private:
  using Levels = std::array<TokenLevel, kBuckets>;
  struct Hash {
    std::uint64_t salt = 0;
    std::size_t operator()(const Key& key) const noexcept {
      std::uint64_t hash = salt;
      for (std::size_t i = 0; i < kKeyBytes; i += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, key.data() + i, std::min(sizeof word, kKeyBytes - i));
        const auto product = static_cast<unsigned __int128>(hash ^ word) * 0x9E3779B97F4A7C15U;
        hash = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U) ^ salt;
      }
      return hash;
    }
  };
  using Entries = std::unordered_map<Key, Levels, Hash>;
  // When a key was full again as it looked then; it may be later since, and earlier where tokens were given back.
  struct Due {
    SteadyTime at;
    const typename Entries::value_type* entry;
    friend bool operator>(const Due& a, const Due& b) { return a.at > b.at; }
  };
  struct Stripe {
    explicit Stripe(const Hash& hash) : entries(0, hash) {}
    Mutex mutex;
    Entries entries PHAROS_GUARDED_BY(mutex);
    std::vector<Due> due PHAROS_GUARDED_BY(mutex);  // a heap, the earliest first; one for each entry
  };

  Stripe& stripe_of(const Key& key) { return stripes_[(hash_(key) >> 32U) % stripes_.size()]; }

  static SteadyTime full_at(const Levels& levels) {
    return std::max_element(levels.begin(), levels.end(),
                            [](const TokenLevel& a, const TokenLevel& b) { return a.full_at() < b.full_at(); })
        ->full_at();
  }

  Levels& find_or_add(Stripe& stripe, const Key& key, SteadyTime now, Outcome& outcome) PHAROS_REQUIRES(stripe.mutex) {
    const auto found = stripe.entries.find(key);
    if (found != stripe.entries.end()) return found->second;
    // Two, so that the table shrinks when there are fewer keys than there were.
    for (int i = 0; i < 2 && !stripe.due.empty() && earliest(stripe) <= now; ++i) forget_earliest(stripe, outcome);
    if (stripe.entries.size() >= stripe_capacity_) {
      outcome.evicted = true;
      earliest(stripe);
      forget_earliest(stripe, outcome);
    }
    const auto added = stripe.entries.try_emplace(key).first;
    stripe.due.push_back({SteadyTime::min(), &*added});
    std::push_heap(stripe.due.begin(), stripe.due.end(), std::greater<>());
    ++outcome.grown;
    return added->second;
  }

  // When the first is full again, as it is now; not of an empty stripe.
  static SteadyTime earliest(Stripe& stripe) PHAROS_REQUIRES(stripe.mutex) {
    while (true) {
      const SteadyTime actual = full_at(stripe.due.front().entry->second);
      if (actual == stripe.due.front().at) return actual;
      std::pop_heap(stripe.due.begin(), stripe.due.end(), std::greater<>());
      stripe.due.back().at = actual;
      std::push_heap(stripe.due.begin(), stripe.due.end(), std::greater<>());
    }
  }

  static void forget_earliest(Stripe& stripe, Outcome& outcome) PHAROS_REQUIRES(stripe.mutex) {
    std::pop_heap(stripe.due.begin(), stripe.due.end(), std::greater<>());
    const Key key = stripe.due.back().entry->first;
    stripe.due.pop_back();
    stripe.entries.erase(key);
    --outcome.grown;
  }

  const std::size_t stripe_capacity_;
  const Hash hash_;
  std::deque<Stripe> stripes_;
};

}  // namespace pharos
