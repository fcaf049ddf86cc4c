#include "net/address_text.h"

#include <gtest/gtest.h>

namespace pharos::net {
namespace {

TEST(AddressText, AnEndpointIsAnAddressAndAPort) {
  for (const char* good : {"127.0.0.1:7777", "0.0.0.0:0", "[::]:7777", "[2001:db8::1]:1"})
    EXPECT_TRUE(is_endpoint_text(good)) << good;
  for (const char* bad : {"", "localhost:7777", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "::1:7777", ":7777"})
    EXPECT_FALSE(is_endpoint_text(bad)) << bad;
}

TEST(AddressText, ThePortIsNoPartOfAHost) {
  EXPECT_EQ(host_of("192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(host_of("[2001:db8::1]:0"), "2001:db8::1");
}

TEST(AddressText, TheAddressesOfOneCustomerCountAsOne) {
  EXPECT_EQ(address_block("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address_block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_block("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  EXPECT_NE(address_block("2001:db8:1:3::9"), "2001:db8:1:2::/64");
}

}  // namespace
}  // namespace pharos::net
