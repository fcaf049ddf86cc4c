#include "util/hex.h"

#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "util/bytes.h"

namespace pharos {
namespace {

TEST(Hex, RoundTripsEveryByte) {
  for (unsigned i = 0; i < 256; ++i) {
    const std::array<std::uint8_t, 1> byte{static_cast<std::uint8_t>(i)};
    std::array<std::uint8_t, 1> back{};
    ASSERT_TRUE(decode_hex(to_hex(byte), back));
    EXPECT_EQ(back, byte);
  }
  EXPECT_EQ(to_hex({}), "");
}

// Long texts are read in steps of sixteen characters, with a rest.
TEST(Hex, ReadsAndRefusesEveryCharacterAtEveryPlace) {
  for (const std::size_t size : {8U, 9U, 16U, 32U, 37U}) {
    std::vector<std::uint8_t> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + 200);
    const std::string good = to_hex(bytes);
    std::vector<std::uint8_t> back(size);
    ASSERT_TRUE(decode_hex(good, back));
    ASSERT_EQ(back, bytes);
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (unsigned character = 0; character < 256; ++character) {
        std::string text = good;
        text[at] = static_cast<char>(character);
        const bool is_digit = (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f');
        ASSERT_EQ(decode_hex(text, back), is_digit) << at << " of " << text;
        if (is_digit) {
          ASSERT_EQ(to_hex(back), text);
        }
      }
    }
  }
}

TEST(Hex, RefusesUpperCaseAndOtherCharacters) {
  std::array<std::uint8_t, 2> out{};
  for (const char* text : {"00AA", "0x00", "00g0", "00:0", "00/0", "00`0", "00 0", "\xff\xff\xff\xff"}) {
    EXPECT_FALSE(decode_hex(text, out)) << text;
  }
  EXPECT_FALSE(decode_hex(std::string_view("00\0"
                                           "0",
                                           4),
                          out));
}

TEST(Hex, RefusesOtherLengths) {
  std::array<std::uint8_t, 2> out{};
  for (const char* text : {"", "00", "000", "00000", "000000"}) EXPECT_FALSE(decode_hex(text, out)) << text;
}

TEST(Hex, AppendsToWhatIsThere) {
  std::string out = "id=";
  append_hex(out, std::array<std::uint8_t, 2>{0x0f, 0xf0});
  EXPECT_EQ(out, "id=0ff0");
}

TEST(Hex, FixedBytesTakeTheirOwnSizeOnly) {
  using Id = FixedBytes<struct TestTag, 16>;
  const std::string text(32, 'a');
  EXPECT_EQ(Id::from_hex(text)->hex(), text);
  EXPECT_EQ(Id::from_hex(text + "aa"), std::nullopt);
  EXPECT_EQ(Id::from_bytes(as_bytes("0123456789abcdef"))->hex(), "30313233343536373839616263646566");
  EXPECT_EQ(Id::from_bytes(as_bytes("short")), std::nullopt);
  EXPECT_LT(Id::from_hex(std::string(32, '0')), Id::from_hex(std::string(32, '1')));
}

}  // namespace
}  // namespace pharos
