#include "util/arena.h"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "util/random.h"

namespace pharos {
namespace {

TEST(Arena, GivesAlignedMemoryThatNobodyElseHas) {
  Arena arena;
  SeededRandom random(2);
  std::vector<std::pair<std::uint8_t*, std::size_t>> taken;
  std::size_t used = 0;
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::size_t size = 1 + random.below(i % 100 == 0 ? 20'000'000 : 2000);
    const std::size_t alignment = std::size_t{1} << random.below(7);
    auto* memory = static_cast<std::uint8_t*>(arena.allocate(size, alignment));
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(memory) % alignment, 0U);
    memory[0] = memory[size - 1] = static_cast<std::uint8_t>(i);
    taken.emplace_back(memory, size);
    used += size;
  }
  EXPECT_EQ(arena.used(), used);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    EXPECT_EQ(taken[i].first[0], static_cast<std::uint8_t>(i));
    EXPECT_EQ(taken[i].first[taken[i].second - 1], static_cast<std::uint8_t>(i));
  }
}

TEST(Arena, BacksContainers) {
  Arena arena;
  std::pmr::vector<std::pmr::string> strings(&arena);
  for (int i = 0; i < 1000; ++i) strings.emplace_back(std::string(static_cast<std::size_t>(i), 'x'));
  EXPECT_EQ(strings[999].size(), 999U);
  EXPECT_EQ(strings[999].get_allocator().resource(), &arena);
}

TEST(Arena, HandsItsChunksOn) {
  const auto chunks = std::make_shared<ArenaChunks>(std::size_t{32} << 20U);
  void* first = nullptr;
  {
    Arena arena(chunks);
    first = arena.allocate(1000, 8);
    EXPECT_EQ(chunks->kept_bytes(), 0U);
  }
  EXPECT_GT(chunks->kept_bytes(), 0U);
  Arena next(chunks);
  EXPECT_EQ(next.allocate(1000, 8), first);
  EXPECT_EQ(chunks->kept_bytes(), 0U);
}

TEST(Arena, KeepsNoMoreChunksThanAskedFor) {
  constexpr std::size_t kMost = std::size_t{32} << 20U;
  const auto chunks = std::make_shared<ArenaChunks>(kMost);
  {
    Arena arena(chunks);
    for (int i = 0; i < 100; ++i) static_cast<std::uint8_t*>(arena.allocate(1'000'000, 8))[0] = 1;
    static_cast<std::uint8_t*>(arena.allocate(100'000'000, 8))[0] = 1;
  }
  EXPECT_GT(chunks->kept_bytes(), kMost);
  EXPECT_LT(chunks->kept_bytes(), kMost * 2);
}

}  // namespace
}  // namespace pharos
