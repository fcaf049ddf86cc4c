#include "storage/place_lists.h"

#include <algorithm>
#include <atomic>
#include <memory_resource>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "storage/place_reader.h"

namespace pharos::storage {
namespace {

std::vector<Candidate> all_of(const PlaceList* list) {
  std::vector<Candidate> places;
  for (const auto* node = list != nullptr ? list->newest() : nullptr; node != nullptr; node = node->next()) {
    places.push_back(node->place);
  }
  return places;
}

TEST(PlaceLists, KeepTheOrderOfAnswersWhateverTheOrderOfArrival) {
  std::pmr::monotonic_buffer_resource memory;
  PlaceLists lists(memory, 4);
  std::mt19937 random(7);
  std::vector<Candidate> expected;
  for (Seq seq = 1; seq <= 3000; ++seq) {
    expected.push_back({static_cast<UnixSeconds>(random() % 500), static_cast<std::uint32_t>(random() % 4), seq});
    lists.insert(Table::by_kind, kind_key(1), expected.back());
  }
  std::ranges::sort(expected, comes_before);
  const PlaceList* list = lists.find(Table::by_kind, kind_key(1));
  ASSERT_EQ(all_of(list), expected);
  EXPECT_EQ(list->size(), expected.size());
  EXPECT_EQ(list->newest()->place, expected.front());
  EXPECT_EQ(list->oldest()->place, expected.back());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto* next = list->after(expected[i]);
    ASSERT_EQ(next != nullptr, i + 1 < expected.size());
    if (next != nullptr) {
      ASSERT_EQ(next->place, expected[i + 1]);
    }
  }
  EXPECT_EQ(list->after({10'000, 0, 0})->place, expected.front());
}

TEST(PlaceLists, TellKeysAndTablesApart) {
  std::pmr::monotonic_buffer_resource memory;
  PlaceLists lists(memory, 1);  // all in few buckets
  for (Kind kind = 0; kind < 500; ++kind) lists.insert(Table::by_kind, kind_key(kind), {1, 1, Seq{kind} + 1});
  lists.insert(Table::by_author, kind_key(3), {1, 1, 9999});
  for (Kind kind = 0; kind < 500; ++kind) {
    EXPECT_EQ(all_of(lists.find(Table::by_kind, kind_key(kind))), (std::vector<Candidate>{{1, 1, Seq{kind} + 1}}));
  }
  EXPECT_EQ(lists.find(Table::by_time, kind_key(3)), nullptr);
  EXPECT_EQ(lists.find(Table::by_kind, kind_key(500)), nullptr);
}

TEST(PlaceLists, AreVisitedOnceEach) {
  std::pmr::monotonic_buffer_resource memory;
  PlaceLists lists(memory, 100);
  for (Kind kind = 0; kind < 500; ++kind) lists.insert(Table::by_kind, kind_key(kind), {1, 1, Seq{kind} + 1});
  lists.insert(Table::by_author, kind_key(3), {1, 1, 9999});
  std::set<std::pair<Table, Key>> visited;
  lists.each([&](Table table, Key key, const PlaceList& list) {
    EXPECT_TRUE(visited.emplace(table, key).second);
    EXPECT_EQ(&list, lists.find(table, key));
  });
  EXPECT_EQ(visited.size(), 501U);
}

TEST(PlaceReader, ReadsEachListInItsOrder) {
  std::pmr::monotonic_buffer_resource memory;
  PlaceLists lists(memory, 100);
  std::mt19937 random(8);
  // Lengths from one to more than are read at once.
  for (Seq seq = 1; seq <= 20'000; ++seq) {
    const Key key = random() % 2 == 0 ? 0 : random() % (1U + random() % 3000);
    lists.insert(Table::by_tag, key, {static_cast<UnixSeconds>(random() % 500), 0, seq});
  }
  std::vector<KeyPlaces> chosen;
  std::vector<std::pair<Key, Candidate>> expected;
  for (Key key = 3000; key-- > 0;) {
    const PlaceList* list = lists.find(Table::by_tag, key);
    if (list == nullptr) continue;
    chosen.emplace_back(key, list);
    for (const Candidate& place : all_of(list)) expected.emplace_back(key, place);
  }
  PlaceReader reader;
  std::vector<std::pair<Key, Candidate>> read;
  reader.read(chosen, [&](Key key, const Candidate& place) { read.emplace_back(key, place); });
  EXPECT_EQ(read, expected);
  reader.read({}, [](Key, const Candidate&) { FAIL(); });
}

TEST(PlaceLists, AreReadInOrderWhileTheyGrow) {
  std::pmr::monotonic_buffer_resource memory;
  PlaceLists lists(memory, 4);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  std::atomic<int> faults{0};
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      std::size_t least = 0;
      while (!done) {
        const auto places = all_of(lists.find(Table::by_kind, kind_key(1)));
        if (!std::ranges::is_sorted(places, comes_before) || places.size() < least) ++faults;
        least = places.size();
      }
    });
  }
  std::mt19937 random(11);
  for (Seq seq = 1; seq <= 4000; ++seq) {
    lists.insert(Table::by_kind, kind_key(1), {static_cast<UnixSeconds>(random() % 1000), 0, seq});
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(faults, 0);
  EXPECT_EQ(all_of(lists.find(Table::by_kind, kind_key(1))).size(), 4000U);
}

}  // namespace
}  // namespace pharos::storage
