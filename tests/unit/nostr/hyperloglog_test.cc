#include "nostr/hyperloglog.h"

#include <string>

#include <gtest/gtest.h>

#include "nostr/filter.h"

namespace pharos {
namespace {

std::optional<std::size_t> offset_of(std::string_view filter) {
  return hyperloglog_offset({parse_filter(filter).value()});
}
std::string condition(std::string_view name, std::string_view value) {
  return R"({"kinds":[7],"#)" + std::string(name) + R"(":[")" + std::string(value) + R"("]})";
}

TEST(HyperLogLog, Nip45OffsetComesFromTheDigitInTheMiddleOfAnIdOrKey) {
  EXPECT_EQ(offset_of(condition("e", std::string(33, 'a') + std::string(31, '0'))), 18U);
  EXPECT_EQ(offset_of(condition("p", std::string(64, '0'))), 8U);
  EXPECT_EQ(offset_of(condition("p", std::string(64, 'f'))), 23U);
}

TEST(HyperLogLog, Nip45OffsetOfAnAddressIsItsKeysAndOfOtherTextItsHashs) {
  const std::string key = std::string(32, '0') + 'c' + std::string(31, '0');
  EXPECT_EQ(offset_of(condition("a", "30023:" + key + ":a:b")), 20U);
  // 8f53...c990 with '4' at 32.
  EXPECT_EQ(offset_of(condition("t", "nostr")), 12U);
}

TEST(HyperLogLog, Nip45OneTagConditionWithOneValueAndKindsIsEligible) {
  const std::string id(64, 'a');
  EXPECT_TRUE(offset_of(R"({"kinds":[1,1111],"#q":[")" + id + R"("]})"));
  EXPECT_TRUE(offset_of(R"({"kinds":[1111],"#E":[")" + id + R"("]})"));
  EXPECT_TRUE(offset_of(R"({"kinds":[3],"#p":[")" + id + R"("]})"));
  for (const std::string& filter :
       {std::string("{}"), std::string(R"({"kinds":[3]})"), R"({"#p":[")" + id + R"("]})",
        R"({"kinds":[3],"#p":[")" + id + R"("],"limit":5})", R"({"kinds":[3],"#p":[")" + id + R"("],"since":5})",
        R"({"kinds":[3],"#p":[")" + id + R"("],"until":5})",
        R"({"kinds":[3],"#p":[")" + id + R"("],"authors":[")" + id + R"("]})",
        R"({"kinds":[3],"#p":[")" + id + R"("],"ids":[")" + id + R"("]})",
        R"({"kinds":[3],"#p":[")" + id + R"("],"#e":[")" + id + R"("]})",
        std::string(R"({"kinds":[3],"#t":["a","b"]})"), std::string(R"({"kinds":[3],"#t":[]})")}) {
    EXPECT_FALSE(offset_of(filter)) << filter;
  }
  const Filter eligible = parse_filter(condition("t", "x")).value();
  EXPECT_FALSE(hyperloglog_offset({eligible, eligible}));
}

TEST(HyperLogLog, Nip45ARegisterKeepsTheLongestRunOfZeros) {
  HyperLogLog authors(18);
  const auto author = [](std::string_view from_18) {
    return *PublicKey::from_hex(std::string(36, 'f') + std::string(from_18) + std::string(28 - from_18.size(), 'f'));
  };
  authors.add(author("050010"));
  EXPECT_EQ(authors.registers()[5], 12);
  authors.add(author("0580"));
  EXPECT_EQ(authors.registers()[5], 12);
  authors.add(author("0000000000"));
  EXPECT_EQ(authors.registers()[0], 33);
  authors.add(*PublicKey::from_hex(std::string(36, 'f') + "07" + std::string(26, '0')));
  EXPECT_EQ(authors.registers()[7], 105) << "nothing but zeros to the end of the key";
}

}  // namespace
}  // namespace pharos
