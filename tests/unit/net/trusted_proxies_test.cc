#include "net/trusted_proxies.h"

#include <gtest/gtest.h>

namespace pharos::net {
namespace {

TrustedProxies proxies() {
  TrustedProxies out;
  for (const char* text : {"127.0.0.1", "10.0.0.0/8", "2001:db8::/32"}) out.push_back(*IpRange::parse(text));
  return out;
}

std::string client(const std::string& forwarded, const std::string& direct = "127.0.0.1:4711") {
  return forwarded_client(forwarded, direct, proxies());
}

TEST(TrustedProxies, AnAddressOrItsBlockIsTrusted) {
  EXPECT_TRUE(is_trusted(proxies(), "127.0.0.1:1"));
  EXPECT_TRUE(is_trusted(proxies(), "10.200.3.4:1"));
  EXPECT_TRUE(is_trusted(proxies(), "[2001:db8::7]:1"));
  EXPECT_FALSE(is_trusted(proxies(), "192.0.2.1:1"));
  EXPECT_FALSE(is_trusted({}, "127.0.0.1:1"));
}

TEST(TrustedProxies, TheHopNextToUsThatIsNoProxyOfOursIsTheClient) {
  EXPECT_EQ(client("192.0.2.1"), "192.0.2.1:0");
  EXPECT_EQ(client("198.51.100.9, 192.0.2.1"), "192.0.2.1:0");
  EXPECT_EQ(client("198.51.100.9, 192.0.2.1, 10.0.0.7 ,10.0.0.8"), "192.0.2.1:0");
  EXPECT_EQ(client("2001:db9::1"), "[2001:db9::1]:0");
  EXPECT_EQ(client("[2001:db9::1]:443"), "[2001:db9::1]:0");
  EXPECT_EQ(client("192.0.2.1:443"), "192.0.2.1:0");
  EXPECT_EQ(client("::ffff:192.0.2.1"), "192.0.2.1:0");
}

TEST(TrustedProxies, AProxyThatHidesItsClientsAsksForAPublicName) {
  const auto hides = [](const char* forwarded, const char* host, const char* direct = "127.0.0.1:4711") {
    return hides_its_clients(forwarded, host, direct, proxies());
  };
  EXPECT_TRUE(hides("", "relay.example.com"));
  EXPECT_TRUE(hides("", "relay.example.com:443"));
  EXPECT_FALSE(hides("192.0.2.1", "relay.example.com"));
  EXPECT_FALSE(hides("", "relay.example.com", "192.0.2.1:4711")) << "no proxy of ours";
  for (const char* host : {"", "localhost", "localhost:7777", "127.0.0.1:7777", "[::1]:7777", "10.0.0.7"})
    EXPECT_FALSE(hides("", host)) << host << ": a program of this machine";
}

TEST(TrustedProxies, WhatIsNotToBeBelievedLeavesTheConnectionsOwnAddress) {
  EXPECT_EQ(client("192.0.2.1", "198.51.100.1:9"), "198.51.100.1:9");
  EXPECT_EQ(client(""), "127.0.0.1:4711");
  EXPECT_EQ(client("192.0.2.1, unknown"), "127.0.0.1:4711");
  EXPECT_EQ(client("192.0.2.1,"), "127.0.0.1:4711");
  EXPECT_EQ(client("192.0.2.0/24"), "127.0.0.1:4711");
  EXPECT_EQ(client("10.0.0.1, 10.0.0.2"), "127.0.0.1:4711");
  EXPECT_EQ(client("\x1b[2J"), "127.0.0.1:4711");
}

}  // namespace
}  // namespace pharos::net
