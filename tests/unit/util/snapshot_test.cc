#include "util/snapshot.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>

namespace pharos {
namespace {

TEST(Snapshot, KeepsOldVersionsForTheirReaders) {
  Snapshot<int> snapshot(std::make_shared<const int>(1));
  const auto old = snapshot.get();
  snapshot.set(std::make_shared<const int>(2));
  EXPECT_EQ(*old, 1);
  EXPECT_EQ(*snapshot.get(), 2);
}

TEST(Snapshot, IsReplacedWholeUnderConcurrentReads) {
  using Pair = std::pair<int, int>;
  Snapshot<Pair> snapshot(std::make_shared<const Pair>(0, 0));
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (last < 1'000) {
        const auto now = snapshot.get();
        ASSERT_EQ(now->first, now->second);
        ASSERT_GE(now->first, last);
        last = now->first;
      }
    });
  }
  for (int i = 1; i <= 1'000; ++i) snapshot.set(std::make_shared<const Pair>(i, i));
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace pharos
