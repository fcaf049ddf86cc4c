#include <gtest/gtest.h>

#include "net/address_policy.h"
#include "net/endpoint.h"
#include "net/http_message.h"
#include "net/socks5.h"
#include "net/ws_frame.h"
#include "net/ws_handshake.h"
#include "util/utf8.h"

namespace pharos::net {
namespace {

using boost::asio::ip::make_address;

TEST(WsFrame, CutsACloseReasonAtACodePoint) {
  const std::string reason = std::string(122, 'a') + "\xc3\xa4";
  const std::string payload = close_payload(1000, reason);
  EXPECT_EQ(payload.size(), 124U);
  EXPECT_TRUE(is_utf8(std::string_view(payload).substr(2)));
  EXPECT_EQ(close_payload(kCloseNone, "ignored"), "");
}

TEST(WsFrame, MasksFromAnyOffset) {
  const MaskKey key{1, 2, 3, 4};
  std::string whole(1000, 'q');
  std::string pieces = whole;
  const auto bytes = [](std::string& text) {
    return std::span(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  };
  apply_mask(bytes(whole), key, 0);
  for (std::size_t at = 0; at < pieces.size(); at += 13)
    apply_mask(bytes(pieces).subspan(at, std::min<std::size_t>(13, pieces.size() - at)), key, at);
  EXPECT_EQ(whole, pieces);
}

TEST(WsHandshake, DerivesTheAcceptValueOfRfc6455) {
  EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_NE(make_upgrade_key(), make_upgrade_key());
}

TEST(HttpMessage, FindsTokensAndJoinsHeaders) {
  const Headers headers{{"Connection", "keep-alive"}, {"CONNECTION", "Upgrade"}};
  EXPECT_EQ(header_of(headers, "connection"), "keep-alive, Upgrade");
  EXPECT_TRUE(has_token(header_of(headers, "Connection"), "upgrade"));
  EXPECT_FALSE(has_token("upgraded", "upgrade"));
}

TEST(HttpMessage, WritesDatesAsHttpHasThem) {
  EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpMessage, LeavesOutHeadersThatWouldBreakTheirLine) {
  std::string out;
  append_header(out, "X", "a\r\nSet-Cookie: b");
  append_header(out, "X\n", "a");
  append_header(out, "Y", "fine");
  EXPECT_EQ(out, "Y: fine\r\n");
}

TEST(AddressPolicy, KnowsSpecialFromPublicSpace) {
  for (const char* address :
       {"0.0.0.0",     "10.1.2.3",     "100.64.0.1",       "100.127.255.255", "127.0.0.1",     "127.255.0.1",
        "169.254.1.1", "172.16.0.1",   "172.31.255.255",   "192.0.0.1",       "192.0.2.1",     "192.168.0.1",
        "198.18.0.1",  "198.51.100.1", "203.0.113.1",      "224.0.0.1",       "240.0.0.1",     "255.255.255.255",
        "::",          "::1",          "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1",       "fc00::1",
        "fd12::1",     "ff02::1",      "2001:db8::1",      "2002:7f00:1::",   "2002:a00:1::1", "64:ff9b::10.0.0.1",
        "2001::1",     "100::1",       "::127.0.0.1",      "3fff::1",         "fec0::1"})
    EXPECT_FALSE(is_public_address(make_address(address))) << address;
  for (const char* address : {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
                              "192.167.0.1", "198.20.0.1", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111",
                              "2a01:4f8::1", "2001:4860::8888", "64:ff9b::8.8.8.8", "2002:808:808::1"})
    EXPECT_TRUE(is_public_address(make_address(address))) << address;
}

TEST(Endpoint, ParsesAddressAndPort) {
  EXPECT_EQ(to_text(*parse_endpoint("127.0.0.1:80")), "127.0.0.1:80");
  EXPECT_EQ(to_text(*parse_endpoint("[::]:0")), "[::]:0");
  EXPECT_EQ(to_text({make_address("::ffff:192.0.2.1"), 5}), "192.0.2.1:5");
  for (const char* bad : {"", "127.0.0.1", ":80", "localhost:80", "127.0.0.1:65536", "127.0.0.1:x",
                          "127.0.0.1:", "::1:80", "[127.0.0.1]:80", "[::1]", "127.0.0.1:+1", "127.0.0.1: 1"})
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
}

TEST(Socks5, AsksTheProxyForANameAndLeavesWhatFollows) {
  Socks5Connect socks("relay.onion", 443);
  EXPECT_EQ(socks.to_send(), std::string("\x05\x01\x00", 3));
  EXPECT_EQ(socks.to_send(), "");
  std::string in("\x05", 1);
  EXPECT_EQ(socks.feed(in), Socks5Connect::State::working);
  in += std::string(1, '\0');
  EXPECT_EQ(socks.feed(in), Socks5Connect::State::working);
  EXPECT_EQ(socks.to_send(), std::string("\x05\x01\x00\x03\x0brelay.onion\x01\xbb", 18));
  in = std::string("\x05\x00\x00\x03\x04host\x00\x50", 11);
  const std::string rest = "first bytes of the target";
  in += rest;
  EXPECT_EQ(socks.feed(in), Socks5Connect::State::connected);
  EXPECT_EQ(in, rest);
}

TEST(Socks5, SendsAddressesAsAddresses) {
  Socks5Connect v4("192.0.2.1", 80);
  v4.to_send();
  std::string in("\x05\x00", 2);
  v4.feed(in);
  EXPECT_EQ(v4.to_send(), std::string("\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50", 10));
}

TEST(Socks5, ReportsWhyTheProxyRefused) {
  const auto failure = [](std::string in) {
    Socks5Connect socks("host", 1);
    EXPECT_EQ(socks.feed(in), Socks5Connect::State::failed);
    return socks.failure();
  };
  EXPECT_EQ(failure("HTTP/1.1"), "proxy: does not speak SOCKS5");
  EXPECT_EQ(failure("\x05\xff"), "proxy: wants authentication");
  EXPECT_EQ(failure(std::string("\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", 12)), "proxy: connection refused");
  EXPECT_EQ(failure(std::string("\x05\x00\x05\x00\x00\x09\x00", 7)), "proxy: reply with an unknown address type");
  EXPECT_EQ(Socks5Connect(std::string(256, 'x'), 1).state(), Socks5Connect::State::failed);
}

}  // namespace
}  // namespace pharos::net
