#include "nostr/bech32.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

TEST(Bech32, RoundTripsEveryLength) {
  std::vector<std::uint8_t> bytes;
  for (unsigned size = 0; size < 80; ++size) {
    const std::string text = encode_bech32("npub", bytes).value();
    const std::optional<Bech32> decoded = decode_bech32(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(decoded->prefix, "npub");
    EXPECT_EQ(decoded->bytes, bytes);
    bytes.push_back(static_cast<std::uint8_t>(size * 37 + 255));
  }
}

TEST(Bech32, ReadsUpperCaseButNotMixedCase) {
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  std::string text = encode_bech32("note", bytes).value();
  std::string upper = text;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(decode_bech32(upper)->bytes, bytes);
  upper[0] = 'n';
  EXPECT_FALSE(decode_bech32(upper));
}

// Valid and invalid strings of BIP-173; data that is not whole bytes is refused here whatever the checksum.
TEST(Bech32, AgreesWithBip173) {
  EXPECT_TRUE(decode_bech32("A12UEL5L"));
  EXPECT_TRUE(decode_bech32("a12uel5l"));
  EXPECT_TRUE(
      decode_bech32("an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs"));
  for (const char* text :
       {"\x20\x31nwldj5", "\x7f\x31\x61xkwrx", "\x80\x31\x65ym55h", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v",
        "li1dgmt3", "de1lg7wt\xff", "A1G7SGD8", "10a06t8", "1qzzfhee",
        "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx"})
    EXPECT_FALSE(decode_bech32(text)) << text;
}

TEST(Bech32, NoticesEveryChangedCharacter) {
  const std::string text = encode_bech32("npub", std::vector<std::uint8_t>(32, 7)).value();
  for (std::size_t i = 5; i < text.size(); ++i) {
    std::string altered = text;
    altered[i] = altered[i] == 'q' ? 'p' : 'q';
    EXPECT_FALSE(decode_bech32(altered)) << i;
  }
}

// The checksums of these are right.
TEST(Bech32, RefusesPaddingThatIsNotZeroOrAWholeGroup) {
  EXPECT_EQ(decode_bech32("x1qqmkfy3s")->bytes, std::vector<std::uint8_t>{0});
  EXPECT_FALSE(decode_bech32("x1qpxqa3vz")) << "the last bit is set";
  EXPECT_FALSE(decode_bech32("x1qqqn0an5s")) << "three groups hold one byte and seven bits";
  EXPECT_FALSE(decode_bech32("x1qm7ssx4")) << "one group holds no byte";
}

TEST(Bech32, BoundsItsInput) {
  EXPECT_TRUE(encode_bech32("naddr", std::vector<std::uint8_t>(3000)));
  EXPECT_EQ(encode_bech32("naddr", std::vector<std::uint8_t>(3200)), std::nullopt);
  EXPECT_FALSE(decode_bech32("npub1" + std::string(5000, 'q')));
}

}  // namespace
}  // namespace pharos
