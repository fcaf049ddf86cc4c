// The indexes of a memtable: for every key of every table its places in the order of answers, each in a skip list.
//
// One thread inserts; any thread reads meanwhile, without locks: nodes are never changed or removed once linked, and
// are linked from the bottom up. All memory comes from one resource and goes with it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <random>
#include <span>
#include <vector>

#include "storage/candidate.h"
#include "storage/keys.h"
#include "storage/tables.h"

namespace pharos::storage {

class PlaceList;

class PlaceLists {
 public:
  // memory outlives it; used by the inserting thread only. The directory is sized for about expected_keys.
  PlaceLists(std::pmr::memory_resource& memory, std::size_t expected_keys);
  PlaceLists(const PlaceLists&) = delete;
  PlaceLists& operator=(const PlaceLists&) = delete;

  void insert(Table table, Key key, const Candidate& place);

  // Fetch what an insertion under that key touches, ahead of it: first its place in the directory, then, each once the
  // one before it is there, the list and its newest place.
  void prefetch_bucket(Table table, Key key) const { __builtin_prefetch(&bucket(table, key)); }
  void prefetch_list(Table table, Key key) const;
  void prefetch_newest(Table table, Key key) const;

  // visit(table, key, list) for each key, in no order. Not beside insertions.
  template <class Visit>
  void each(const Visit& visit) const;

  // nullptr when nothing was inserted under that key.
  const PlaceList* find(Table table, Key key) const;

 private:
  std::atomic<PlaceList*>& bucket(Table table, Key key) const;

  std::pmr::memory_resource& memory_;
  std::span<std::atomic<PlaceList*>> buckets_;  // a power of two
  std::minstd_rand heights_;
};

// The places of one key. Any thread but where said.
class PlaceList {
 public:
  struct Node {
    Candidate place;
    const Node* next() const { return links[0].load(std::memory_order_acquire); }

    std::atomic<Node*> links[1];  // as many as the node is high
  };

  PlaceList(Table table, Key key, PlaceList* next_in_bucket)
      : table_(table), key_(key), next_in_bucket_(next_in_bucket) {}

  // Fetches what reading the places from the newest on touches first, ahead of it.
  void prefetch() const {
    __builtin_prefetch(this);
    // The first node was made right behind the list.
    __builtin_prefetch(this + 1);
  }
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  const Node* newest() const { return first_.load(std::memory_order_acquire); }
  const Node* oldest() const { return last_.load(std::memory_order_acquire); }
  // The first that comes strictly after the place; nullptr when there is none.
  const Node* after(const Candidate& place) const;

 private:
  friend class PlaceLists;
  static constexpr std::size_t kMaxHeight = 12;
  // Most keys of a memtable have one or two places, which need no upper lanes.
  static constexpr std::size_t kSizeWithUpperLanes = 16;
  struct UpperLanes {
    std::atomic<Node*> first[kMaxHeight - 1];
  };

  void insert(const Candidate& place, std::pmr::memory_resource& memory, std::minstd_rand& heights);
  // Before which one a place that comes before all others belongs, in each lane.
  void find_first_links(std::span<std::atomic<Node*>*, kMaxHeight> links);
  // The link of each lane after which the place belongs; lanes from the lowest.
  void find_links(const Candidate& place, std::span<std::atomic<Node*>*, kMaxHeight> links);
  static Node* make_node(const Candidate& place, std::size_t height, std::pmr::memory_resource& memory);

  const Table table_;
  const Key key_;
  PlaceList* const next_in_bucket_;
  std::atomic<Node*> first_{nullptr};
  std::atomic<Node*> last_{nullptr};
  std::atomic<UpperLanes*> upper_{nullptr};
  std::atomic<std::size_t> size_{0};
};

template <class Visit>
void PlaceLists::each(const Visit& visit) const {
  constexpr std::size_t kAhead = 16;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (i + kAhead < buckets_.size()) __builtin_prefetch(buckets_[i + kAhead].load(std::memory_order_relaxed));
    const PlaceList* list = buckets_[i].load(std::memory_order_acquire);
    for (; list != nullptr; list = list->next_in_bucket_) visit(list->table_, list->key_, *list);
  }
}

}  // namespace pharos::storage
