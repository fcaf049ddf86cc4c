#include "storage/place_lists.h"

#include <bit>
#include <new>

namespace pharos::storage {
namespace {

// Keys are hashes under the database's secret or small numbers; a multiplication spreads those.
std::size_t hash_of(Table table, Key key) {
  const std::uint64_t hash = (key + (static_cast<std::uint64_t>(table) << 56U)) * 0x9E3779B97F4A7C15U;
  return static_cast<std::size_t>(hash ^ hash >> 32U);
}

}  // namespace

PlaceLists::PlaceLists(std::pmr::memory_resource& memory, std::size_t expected_keys) : memory_(memory) {
  const std::size_t count = std::bit_ceil(std::max<std::size_t>(expected_keys, 16));
  using Bucket = std::atomic<PlaceList*>;
  auto* first = static_cast<Bucket*>(memory.allocate(count * sizeof(Bucket), alignof(Bucket)));
  for (std::size_t i = 0; i < count; ++i) new (first + i) Bucket(nullptr);
  buckets_ = {first, count};
}

std::atomic<PlaceList*>& PlaceLists::bucket(Table table, Key key) const {
  return buckets_[hash_of(table, key) & (buckets_.size() - 1)];
}

const PlaceList* PlaceLists::find(Table table, Key key) const {
  const PlaceList* list = bucket(table, key).load(std::memory_order_acquire);
  while (list != nullptr && (list->table_ != table || list->key_ != key)) list = list->next_in_bucket_;
  return list;
}

void PlaceLists::prefetch_list(Table table, Key key) const {
  if (const PlaceList* list = bucket(table, key).load(std::memory_order_relaxed)) list->prefetch();
}

void PlaceLists::prefetch_newest(Table table, Key key) const {
  if (const PlaceList* list = bucket(table, key).load(std::memory_order_relaxed)) __builtin_prefetch(list->newest());
}

void PlaceLists::insert(Table table, Key key, const Candidate& place) {
  std::atomic<PlaceList*>& head = bucket(table, key);
  PlaceList* list = head.load(std::memory_order_relaxed);
  while (list != nullptr && (list->table_ != table || list->key_ != key)) list = list->next_in_bucket_;
  if (list != nullptr) return list->insert(place, memory_, heights_);
  list = new (memory_.allocate(sizeof(PlaceList), alignof(PlaceList)))
      PlaceList(table, key, head.load(std::memory_order_relaxed));
  list->insert(place, memory_, heights_);
  head.store(list, std::memory_order_release);
}

PlaceList::Node* PlaceList::make_node(const Candidate& place, std::size_t height, std::pmr::memory_resource& memory) {
  void* room = memory.allocate(sizeof(Node) + (height - 1) * sizeof(std::atomic<Node*>), alignof(Node));
  Node* node = new (room) Node{place, {}};
  for (std::size_t lane = 1; lane < height; ++lane) new (&node->links[lane]) std::atomic<Node*>(nullptr);
  return node;
}

const PlaceList::Node* PlaceList::after(const Candidate& place) const {
  const Node* before = nullptr;
  if (const UpperLanes* upper = upper_.load(std::memory_order_acquire)) {
    for (std::size_t lane = kMaxHeight; --lane > 0;) {
      const auto& link = before != nullptr ? before->links[lane] : upper->first[lane - 1];
      for (const Node* next = link.load(std::memory_order_acquire);
           next != nullptr && !comes_before(place, next->place);
           next = next->links[lane].load(std::memory_order_acquire)) {
        before = next;
      }
    }
  }
  const Node* next = before != nullptr ? before->next() : newest();
  while (next != nullptr && !comes_before(place, next->place)) next = next->next();
  return next;
}

void PlaceList::find_links(const Candidate& place, std::span<std::atomic<Node*>*, kMaxHeight> links) {
  UpperLanes* upper = upper_.load(std::memory_order_relaxed);
  Node* before = nullptr;
  for (std::size_t lane = upper != nullptr ? kMaxHeight : 1; lane-- > 0;) {
    auto* link = before != nullptr ? &before->links[lane] : lane > 0 ? &upper->first[lane - 1] : &first_;
    for (Node* next = link->load(std::memory_order_relaxed); next != nullptr && comes_before(next->place, place);
         next = link->load(std::memory_order_relaxed)) {
      before = next;
      link = &next->links[lane];
    }
    links[lane] = link;
  }
}

void PlaceList::find_first_links(std::span<std::atomic<Node*>*, kMaxHeight> links) {
  links[0] = &first_;
  UpperLanes* upper = upper_.load(std::memory_order_relaxed);
  for (std::size_t lane = 1; upper != nullptr && lane < kMaxHeight; ++lane) links[lane] = &upper->first[lane - 1];
}

void PlaceList::insert(const Candidate& place, std::pmr::memory_resource& memory, std::minstd_rand& heights) {
  const std::size_t size = size_.load(std::memory_order_relaxed);
  if (size == kSizeWithUpperLanes) {
    // What is there already stays low; it is at most one stretch of that length.
    upper_.store(new (memory.allocate(sizeof(UpperLanes), alignof(UpperLanes))) UpperLanes{},
                 std::memory_order_release);
  }
  std::size_t height = 1;
  if (upper_.load(std::memory_order_relaxed) != nullptr) {
    while (height < kMaxHeight && heights() % 4 == 0) ++height;
  }
  std::array<std::atomic<Node*>*, kMaxHeight> links{};
  // Events come about in the order of created_at.
  const Node* newest = first_.load(std::memory_order_relaxed);
  if (newest == nullptr || comes_before(place, newest->place)) {
    find_first_links(links);
  } else {
    find_links(place, links);
  }
  Node* node = make_node(place, height, memory);
  for (std::size_t lane = 0; lane < height; ++lane) {
    node->links[lane].store(links[lane]->load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  if (node->links[0].load(std::memory_order_relaxed) == nullptr) last_.store(node, std::memory_order_release);
  for (std::size_t lane = 0; lane < height; ++lane) links[lane]->store(node, std::memory_order_release);
  size_.store(size + 1, std::memory_order_relaxed);
}

}  // namespace pharos::storage
