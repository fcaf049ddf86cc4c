#include "nostr/address.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

const std::string kKey(64, 'a');

TEST(Address, SplitsAtTheFirstTwoColons) {
  const std::string text = "30023:" + kKey + ":a:b::";
  const std::optional<Address> address = parse_address(text);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->kind, 30023);
  EXPECT_EQ(address->pubkey.hex(), kKey);
  EXPECT_EQ(address->identifier, "a:b::");
  EXPECT_EQ(to_string(*address), text);
}

TEST(Address, HasAnEmptyIdentifierForReplaceableKinds) {
  EXPECT_EQ(parse_address("10002:" + kKey + ":")->identifier, "");
  EXPECT_FALSE(parse_address("10002:" + kKey));
}

TEST(Address, RefusesMalformedCoordinates) {
  for (const std::string& text :
       {std::string(), std::string(":"), std::string("::"), ":" + kKey + ":", std::string("30023::d"),
        "65536:" + kKey + ":d", "-1:" + kKey + ":d", "030023:" + kKey + ":d", "1.0:" + kKey + ":d",
        "30023:" + kKey.substr(1) + ":d", "30023:" + std::string(64, 'A') + ":d", " 30023:" + kKey + ":d",
        "30023 :" + kKey + ":d"})
    EXPECT_FALSE(parse_address(text)) << text;
}

}  // namespace
}  // namespace pharos
