#include "storage/merge.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "util/random.h"

namespace pharos::storage {
namespace {

TEST(Merge, OrdersByTimeDownThenIdUpThenSeq) {
  EXPECT_TRUE(comes_before({20, 9, 9}, {10, 1, 1}));
  EXPECT_TRUE(comes_before({10, 1, 9}, {10, 2, 1}));
  EXPECT_TRUE(comes_before({10, 1, 1}, {10, 1, 2}));
  EXPECT_FALSE(comes_before({10, 1, 1}, {10, 1, 1}));
}

TEST(Merge, GivesTheElementsOfManyStreamsInOrder) {
  SeededRandom random(7);
  std::vector<std::vector<Candidate>> streams(37);
  std::vector<Candidate> all;
  for (auto& stream : streams) {
    for (std::uint64_t n = random.below(20); n > 0; --n) {
      stream.push_back({static_cast<UnixSeconds>(random.below(30)), static_cast<std::uint32_t>(random.below(4)),
                        random.below(1000)});
    }
    std::sort(stream.begin(), stream.end(), comes_before);
    all.insert(all.end(), stream.begin(), stream.end());
  }
  std::sort(all.begin(), all.end(), comes_before);

  MergeHeap heap;
  std::vector<std::size_t> next(streams.size(), 1);
  for (std::uint32_t i = 0; i < streams.size(); ++i) {
    if (!streams[i].empty()) heap.push(streams[i][0], i);
  }
  std::vector<Candidate> merged;
  while (!heap.empty()) {
    const MergeHeap::Head head = heap.top();
    merged.push_back(head.candidate);
    if (next[head.stream] < streams[head.stream].size()) {
      heap.replace_top(streams[head.stream][next[head.stream]++]);
    } else {
      heap.pop();
    }
  }
  EXPECT_EQ(merged, all);
}

}  // namespace
}  // namespace pharos::storage
