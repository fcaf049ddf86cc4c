#include "nostr/json_number.h"

#include <limits>

#include <gmock/gmock.h>

namespace pharos {
namespace {

using ::testing::Eq;
using ::testing::Optional;

TEST(JsonNumber, ReadsPlainIntegers) {
  EXPECT_THAT(parse_json_unsigned("0"), Optional(Eq(0U)));
  EXPECT_THAT(parse_json_unsigned("9007199254740993"), Optional(Eq(9007199254740993U)));
  EXPECT_THAT(parse_json_unsigned("18446744073709551615"), Optional(Eq(18446744073709551615U)));
}

TEST(JsonNumber, Saturates) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_THAT(parse_json_unsigned("18446744073709551616"), Optional(Eq(kMost)));
  EXPECT_THAT(parse_json_unsigned(std::string(300, '9')), Optional(Eq(kMost)));
}

TEST(JsonNumber, RefusesOtherSpellings) {
  for (const char* text : {"", "-0", "-1", "+1", "01", "00", "1.0", "1e9", "1E9", " 1", "1 ", "0x1", "a"})
    EXPECT_EQ(parse_json_unsigned(text), std::nullopt) << text;
}

}  // namespace
}  // namespace pharos
