// Which subscriptions an event goes to, at a cost that depends on the event and on those it may concern, not on the
// number of subscriptions: an inverted index from event id, author, tag and kind to filters.
//
// Each filter is listed under the values of one of its fields, the one that tells most; a filter without any is
// listed as generic and looked at for every event. A candidate found is matched in full. A search (NIP-50) is listed
// under one of its words; events are taken apart into words only where a search asks for their kind.
//
// One thread (a shard's). Bounded by the limits on subscriptions and filter values of each connection.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "nostr/filter.h"
#include "nostr/search_words.h"

namespace pharos::relay {

class LiveReceiver;
using FilterList = std::shared_ptr<const std::vector<Filter>>;

class LiveIndex {
 public:
  // Names a subscription; never one that was added later in its place.
  struct Handle {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // 0: none
  };
  struct Target {
    LiveReceiver* receiver = nullptr;
    std::uint64_t key = 0;  // the receiver's own name for the subscription
  };

  // The salt keeps peers from choosing values that collide.
  explicit LiveIndex(std::uint64_t salt) : salt_(salt) {}

  Handle add(const Target& target, FilterList filters);
  // Nothing happens when the subscription has gone already.
  void remove(Handle handle);
  // nullptr when it has gone.
  const Target* find(Handle handle) const;

  // Appends every subscription with a filter that matches, each once.
  void match(const Event& event, std::vector<Handle>& out);

  std::size_t size() const { return live_; }
  // Filters looked at by the last match(); the cost that the index is there to keep low.
  std::size_t last_candidates() const { return last_candidates_; }

 private:
  using ListKey = std::uint64_t;
  // One filter of one subscription as it stands in a list; place is its index in Entry::places.
  struct Listed {
    std::uint32_t slot;
    std::uint32_t filter;
    std::uint32_t place;
  };
  struct Place {
    ListKey list;
    std::uint32_t position;
  };
  struct Entry {
    std::uint32_t generation = 1;
    bool is_live = false;
    Target target;
    FilterList filters;
    std::vector<Place> places;
    std::uint64_t matched_by = 0;  // number of the match() that found it last
  };

  template <class Visit>
  void for_each_list(const Filter& filter, const Visit& visit) const;
  void list(ListKey key, std::uint32_t slot, std::uint32_t filter);
  void unlist(const Place& place);
  void match_list(ListKey key, const Event& event, std::vector<Handle>& out);

  ListKey key_of(char field, std::string_view value) const;
  void count_searched(const std::vector<Filter>& filters, int change);
  bool is_searched(Kind kind) const { return searches_of_any_ > 0 || searched_.contains(kind); }

  std::uint64_t salt_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_slots_;
  std::unordered_map<ListKey, std::vector<Listed>> lists_;
  std::unordered_map<Kind, int> searched_;  // how many filters with a search name the kind
  int searches_of_any_ = 0;                 // and how many name none
  std::vector<ListKey> event_keys_;         // scratch of match()
  WordList words_;                          // of the event, where its kind is searched
  std::uint64_t match_number_ = 0;
  std::size_t live_ = 0;
  std::size_t last_candidates_ = 0;
};

}  // namespace pharos::relay
