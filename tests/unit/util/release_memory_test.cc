#include "util/release_memory.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pharos {
namespace {

TEST(ReleaseMemory, LeavesNothingReserved) {
  std::string text(100'000, 'x');
  release_memory(text);
  EXPECT_EQ(text.capacity(), std::string().capacity());
  std::vector<int> numbers(1000);
  release_memory(numbers);
  EXPECT_EQ(numbers.capacity(), 0U);
  std::vector<bool> flags(1000);
  release_memory(flags);
  EXPECT_EQ(flags.capacity(), 0U);
}

}  // namespace
}  // namespace pharos
