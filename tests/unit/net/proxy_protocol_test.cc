#include "net/proxy_protocol.h"

#include <gtest/gtest.h>

namespace pharos::net {
namespace {

using namespace std::string_literals;
using State = ProxyHeader::State;

std::string version_2(char command, char family, const std::string& addresses) {
  std::string out = "\r\n\r\n\0\r\nQUIT\n"s;
  out += command;
  out += family;
  out += static_cast<char>(addresses.size() >> 8U);
  out += static_cast<char>(addresses.size() & 0xffU);
  return out + addresses;
}

const std::string kV4 = "\xc0\x00\x02\x01\xc6\x33\x64\x01\x12\x67\x01\xbb"s;  // 192.0.2.1:4711 -> 198.51.100.1:443

void expect_source(const std::string& header, const std::string& source) {
  const ProxyHeader parsed = parse_proxy_header(header + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(parsed.state, State::complete) << header;
  EXPECT_EQ(parsed.source, source) << header;
  EXPECT_EQ(parsed.size, header.size()) << header;
  for (std::size_t size = 0; size < header.size(); ++size)
    EXPECT_EQ(parse_proxy_header(header.substr(0, size)).state, State::incomplete) << size;
}

TEST(ProxyProtocol, Version1NamesTheClient) {
  expect_source("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", "192.0.2.1:4711");
  expect_source("PROXY TCP6 2001:db8::1 2001:db8::2 4711 443\r\n", "[2001:db8::1]:4711");
  expect_source("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 443\r\n", "192.0.2.1:1");
  expect_source("PROXY UNKNOWN\r\n", "");
  expect_source("PROXY UNKNOWN what ever it says\r\n", "");
}

TEST(ProxyProtocol, Version2NamesTheClient) {
  expect_source(version_2(0x21, 0x11, kV4), "192.0.2.1:4711");
  expect_source(version_2(0x21, 0x11, kV4 + "\x03\x00\x04\x01\x02\x03\x04"s), "192.0.2.1:4711");
  const std::string v6 =
      "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s + std::string(16, '\x02') + "\x12\x67\x01\xbb"s;
  expect_source(version_2(0x21, 0x21, v6), "[2001:db8::1]:4711");
  expect_source(version_2(0x20, 0x11, kV4), "");
  expect_source(version_2(0x20, 0x00, ""), "");
  expect_source(version_2(0x21, 0x31, std::string(216, 'x')), "");
}

TEST(ProxyProtocol, AnythingElseIsNone) {
  for (const std::string& bytes :
       {"GET / HTTP/1.1\r\n\r\n"s, "PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n"s,
        "PROXY TCP4 192.0.2.1 198.51.100.1 4711 99999\r\n"s, "PROXY TCP4 x 198.51.100.1 4711 443\r\n"s,
        "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443 more\r\n"s, "PROXY TCP5 192.0.2.1 198.51.100.1 4711 443\r\n"s,
        "PROXY TCP4 192.0.2.0/24 198.51.100.1 4711 443\r\n"s, "PROXY "s + std::string(200, 'x'), "\x16\x03\x01"s,
        version_2(0x11, 0x11, kV4), version_2(0x22, 0x11, kV4), version_2(0x21, 0x11, "short"s),
        version_2(0x21, 0x21, kV4)}) {
    EXPECT_EQ(parse_proxy_header(bytes).state, State::invalid) << bytes;
  }
  EXPECT_EQ(parse_proxy_header(version_2(0x21, 0x11, std::string(kMaxProxyHeader, 'x'))).state, State::invalid);
}

}  // namespace
}  // namespace pharos::net
