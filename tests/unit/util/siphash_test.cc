#include "util/siphash.h"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace pharos {
namespace {

SipKey counting_key() {
  SipKey key;
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  return key;
}

// The vectors of the SipHash paper and its reference code: inputs 00 01 02 ... of growing length.
TEST(Siphash, GivesTheReferenceValues) {
  std::vector<std::uint8_t> input(15);
  std::iota(input.begin(), input.end(), std::uint8_t{0});
  EXPECT_EQ(siphash(counting_key(), {}), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(siphash(counting_key(), std::span(input).first(1)), 0x74f839c593dc67fdU);
  EXPECT_EQ(siphash(counting_key(), std::span(input).first(8)), 0x93f5f5799a932462U);
  EXPECT_EQ(siphash(counting_key(), input), 0xa129ca6149be45e5U);
}

TEST(Siphash, TakesTheFirstByteFromElsewhere) {
  std::vector<std::uint8_t> input(40);
  std::iota(input.begin(), input.end(), std::uint8_t{200});
  for (std::size_t size = 1; size <= input.size(); ++size) {
    const auto bytes = std::span(input).first(size);
    EXPECT_EQ(siphash(counting_key(), bytes[0], bytes.subspan(1)), siphash(counting_key(), bytes)) << size;
  }
}

TEST(Siphash, DependsOnTheKey) {
  SipKey other = counting_key();
  other[15] ^= 1;
  EXPECT_NE(siphash(counting_key(), {}), siphash(other, {}));
}

}  // namespace
}  // namespace pharos
