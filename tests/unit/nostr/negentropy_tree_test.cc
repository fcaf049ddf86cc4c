#include "nostr/negentropy_tree.h"

#include <random>
#include <set>

#include <gmock/gmock.h>

namespace pharos {
namespace {

using Items = std::set<NegItem>;

// Everything that the tree says, against the items themselves.
void expect_same(NegTree& tree, const Items& items) {
  ASSERT_EQ(tree.size(), items.size());
  const auto buckets = tree.buckets();
  ASSERT_EQ(buckets->size(), items.size());
  auto at = items.begin();
  for (std::size_t i = 0; i < buckets->buckets(); ++i) {
    NegSum sum;
    std::size_t count = 0;
    for (; at != items.end() && (i + 1 == buckets->buckets() || *at < buckets->bucket(i + 1).first); ++at, ++count) {
      ASSERT_FALSE(*at < buckets->bucket(i).first);
      sum += at->id;
    }
    ASSERT_EQ(buckets->bucket(i).count, count) << i;
    ASSERT_EQ(buckets->bucket(i).sum, sum) << i;
    if (count > 0) {
      EXPECT_EQ(buckets->holder_of(buckets->count_before(i)), i);
    }
  }
}

class Random {
 public:
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  NegItem item(std::size_t seconds) {
    NegItem item{static_cast<UnixSeconds>(below(seconds)), {}};
    for (auto& byte : item.id.data) byte = static_cast<std::uint8_t>(below(256));
    return item;
  }

 private:
  std::mt19937 engine_{7};
};

TEST(NegTree, IsBuiltNewestFirst) {
  Random random;
  for (const std::size_t seconds : {1U, 30U, 100'000U}) {
    Items items;
    for (int i = 0; i < 3'000; ++i) items.insert(random.item(seconds));
    NegTree tree;
    for (auto at = items.rbegin(); at != items.rend(); ++at) tree.build(*at);
    tree.end_build();
    expect_same(tree, items);
    // Of thirty seconds, a hundred items each, two make a bucket.
    EXPECT_GE(tree.buckets()->buckets(), 15U);
  }
  NegTree empty;
  empty.end_build();
  expect_same(empty, {});
}

TEST(NegTree, IsRightAfterAnyAdditionsRemovalsAndSplits) {
  Random random;
  Items items;
  NegTree tree;
  for (int step = 0; step < 20'000; ++step) {
    const bool grows = items.size() < 1'000 || random.below(step % 4'000 < 2'000 ? 3 : 2) != 0;
    if (grows) {
      const NegItem item = random.item(static_cast<std::size_t>(step) + 1);
      if (items.insert(item).second) tree.add(item);
      const NegTree::Held held = tree.held(item);
      if (held.bucket.count > NegTree::kMost) {
        const auto end = held.end ? items.lower_bound(*held.end) : items.end();
        EXPECT_TRUE(tree.replace(held.bucket.first, {items.lower_bound(held.bucket.first), end}));
      }
    } else {
      auto at = items.lower_bound(random.item(static_cast<std::size_t>(step)));
      if (at == items.end()) at = items.begin();
      tree.remove(*at);
      items.erase(at);
    }
    if (step % 500 == 0) expect_same(tree, items);
  }
  for (const NegItem& item : Items(items)) {
    tree.remove(item);
    items.erase(item);
    if (items.size() % 256 == 0) expect_same(tree, items);
  }
  EXPECT_EQ(tree.buckets()->buckets(), 1U) << "empty ones go";
  EXPECT_FALSE(tree.replace({77, {}}, {}));
}

}  // namespace
}  // namespace pharos
