#include "util/ip_range.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

std::string normal(std::string_view text) {
  const auto range = IpRange::parse(text);
  return range ? range->text() : "";
}
bool holds(std::string_view range, std::string_view address) {
  return IpRange::parse(range)->contains(*IpRange::parse(address));
}

TEST(IpRange, HasOneSpelling) {
  EXPECT_EQ(normal("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(normal("192.0.2.1/32"), "192.0.2.1");
  EXPECT_EQ(normal("192.0.2.77/24"), "192.0.2.0/24");
  EXPECT_EQ(normal("192.0.2.255/25"), "192.0.2.128/25");
  EXPECT_EQ(normal("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(normal("2001:DB8:0:0::1"), "2001:db8::1");
  EXPECT_EQ(normal("2001:db8::1/32"), "2001:db8::/32");
  EXPECT_EQ(normal("::/0"), "::/0");
  EXPECT_EQ(normal("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(normal("::ffff:192.0.2.1/120"), "192.0.2.0/24");
}

TEST(IpRange, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "/", "example.com", "192.0.2", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/-1", "::1/129",
                           "[::1]", "192.0.2.1 ", "192.0.2.1/24/8", "192.0.2.1:80", "1.2.3.4/+8"}) {
    EXPECT_EQ(normal(text), "") << text;
  }
  EXPECT_EQ(normal(std::string_view("192.0.2.1\0", 10)), "");
  EXPECT_EQ(normal(std::string(1000, ':')), "");
}

TEST(IpRange, ContainsWhatLiesInIt) {
  EXPECT_TRUE(holds("192.0.2.0/24", "192.0.2.200"));
  EXPECT_TRUE(holds("192.0.2.0/24", "192.0.2.0/25"));
  EXPECT_FALSE(holds("192.0.2.0/24", "192.0.3.1"));
  EXPECT_FALSE(holds("192.0.2.0/25", "192.0.2.0/24"));
  EXPECT_TRUE(holds("192.0.2.1", "192.0.2.1"));
  EXPECT_TRUE(holds("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(holds("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(holds("192.0.2.0/24", "::ffff:192.0.2.1"));
}

TEST(IpRange, NeverContainsTheOtherFamily) {
  EXPECT_FALSE(holds("::/0", "192.0.2.1"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
}

TEST(IpRange, ReadsTheAddressOfAnEndpoint) {
  EXPECT_EQ(IpRange::of_endpoint("192.0.2.1:4711")->text(), "192.0.2.1");
  EXPECT_EQ(IpRange::of_endpoint("[2001:db8::1]:4711")->text(), "2001:db8::1");
  EXPECT_FALSE(IpRange::of_endpoint("192.0.2.0/24:1"));
  EXPECT_FALSE(IpRange::of_endpoint("nobody"));
}

}  // namespace
}  // namespace pharos
