#include "nostr/relay_url.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

std::string normal(std::string_view text) {
  const Result<RelayUrl, RelayUrlError> url = RelayUrl::parse(text);
  return url ? url.value().text() : "! " + std::string(describe(url.error()));
}

void expect_error(std::string_view text, RelayUrlError error) {
  const Result<RelayUrl, RelayUrlError> url = RelayUrl::parse(text);
  ASSERT_FALSE(url) << text << " -> " << url.value().text();
  EXPECT_EQ(url.error(), error) << text << ": " << describe(url.error());
}

TEST(RelayUrl, HasOneNormalForm) {
  EXPECT_EQ(normal("wss://relay.example.com"), "wss://relay.example.com/");
  EXPECT_EQ(normal("WSS://Relay.EXAMPLE.com:443/"), "wss://relay.example.com/");
  EXPECT_EQ(normal("wss://relay.example.com./"), "wss://relay.example.com/");
  EXPECT_EQ(normal("ws://a.b:80"), "ws://a.b/");
  EXPECT_EQ(normal("ws://a.b:443"), "ws://a.b:443/");
  EXPECT_EQ(normal("wss://a.b:00443//"), "wss://a.b/");
  EXPECT_EQ(normal("wss://a.b/Path/"), "wss://a.b/Path");
  EXPECT_EQ(normal("wss://a.b/x/./y/../z/"), "wss://a.b/x/z");
  EXPECT_EQ(normal("wss://a.b/../../x"), "wss://a.b/x");
  EXPECT_EQ(normal("wss://a.b/%2e%2E/x"), "wss://a.b/x");
  EXPECT_EQ(normal("wss://a.b/..."), "wss://a.b/...");
  EXPECT_EQ(normal("wss://a.b/a%2fb%7ec"), "wss://a.b/a%2Fb~c");
  EXPECT_EQ(normal("wss://a.b?x=1&y=/"), "wss://a.b/?x=1&y=/");
  EXPECT_EQ(normal("wss://a.b/p/?"), "wss://a.b/p");
  EXPECT_EQ(normal("ws://localhost:7777"), "ws://localhost:7777/");
  EXPECT_EQ(normal("ws://127.0.0.1:7777/"), "ws://127.0.0.1:7777/");
  EXPECT_EQ(normal("ws://[0:0:0:0:0:0:0:1]:80"), "ws://[::1]/");
  EXPECT_EQ(normal("wss://[2001:DB8::1]:8443/x"), "wss://[2001:db8::1]:8443/x");
  EXPECT_EQ(normal("wss://xn--bcher-kva.example"), "wss://xn--bcher-kva.example/");
  EXPECT_EQ(normal("wss://my_relay.a-b.c1"), "wss://my_relay.a-b.c1/");
}

TEST(RelayUrl, NormalFormIsAFixedPoint) {
  for (const char* text : {"wss://a.b/x//", "wss://a.b//", "wss://a.b//x/..//y", "wss://a.b/..//b", "wss://a.b/%41%2f/",
                           "ws://[::ffff:1.2.3.4]/?q", "wss://a.b/?%7e", "wss://a.b/.//"}) {
    const std::string once = normal(text);
    EXPECT_EQ(normal(once), once) << text;
  }
}

TEST(RelayUrl, GivesItsParts) {
  const RelayUrl url = RelayUrl::parse("wss://[::1]:8080/a/?b=c").value();
  EXPECT_TRUE(url.secure());
  EXPECT_EQ(url.host(), "::1");
  EXPECT_EQ(url.port(), 8080);
  EXPECT_EQ(url.target(), "/a?b=c");
  EXPECT_EQ(url.authority(), "[::1]:8080");
  EXPECT_EQ(url.http_url(), "https://[::1]:8080/a?b=c");
  const RelayUrl plain = RelayUrl::parse("ws://a.b").value();
  EXPECT_EQ(plain.port(), 80);
  EXPECT_EQ(plain.authority(), "a.b");
  EXPECT_EQ(plain.http_url(), "http://a.b/");
  EXPECT_EQ(plain, RelayUrl::parse("WS://A.B:80/").value());
  EXPECT_NE(plain, RelayUrl::parse("wss://a.b").value());
}

TEST(RelayUrl, KnowsNetworksBySuffix) {
  const auto network = [](std::string_view text) { return RelayUrl::parse(text).value().network(); };
  const std::string onion = "2b2bd5zc6lxzc4s3ufjgaw5zibexghmerwuh3ikqcwmvfjpzw5r5m6id.onion";
  EXPECT_EQ(network("ws://" + onion), Network::tor);
  EXPECT_EQ(network("ws://deep.sub." + onion + "./x"), Network::tor);
  EXPECT_EQ(network("ws://relay.i2p"), Network::i2p);
  EXPECT_EQ(network("ws://relay.loki"), Network::loki);
  EXPECT_EQ(network("wss://onion.example.com"), Network::clearnet);
  EXPECT_EQ(name(Network::tor), "tor");
}

TEST(RelayUrl, RefusesOtherSchemes) {
  for (const char* text : {"", "relay.example.com", "http://a.b", "https://a.b", "wss:/a.b", "wss:a.b", "://a.b",
                           "ws:", "wsss://a.b", "ws//a.b"})
    expect_error(text, RelayUrlError::not_a_relay_scheme);
}

TEST(RelayUrl, RefusesCredentialsAndFragments) {
  for (const char* text : {"wss://user@a.b", "wss://u:p@a.b/", "wss://@a.b", "wss://a.b@c.d:1"})
    expect_error(text, RelayUrlError::has_credentials);
  for (const char* text : {"wss://a.b#x", "wss://a.b/#", "wss://a.b/?q#f"})
    expect_error(text, RelayUrlError::has_fragment);
}

TEST(RelayUrl, RefusesHostsThatAreNone) {
  for (const char* text : {"wss://",          "wss:///x",           "wss://.",
                           "wss://a..b",      "wss://.a",           "wss://a.b..",
                           "wss://-a.b",      "wss://a-.b",         "wss://a,b",
                           "wss://a%20b",     "wss://caf\u00e9.fr", "wss://[::1",
                           "wss://[]",        "wss://[::1]x",       "wss://[fe80::1%25eth0]",
                           "wss://[1.2.3.4]", "wss://1.2.3",        "wss://1.2.3.4.5",
                           "wss://127.1",     "wss://2130706433",   "wss://010.0.0.1",
                           "wss://256.1.1.1", "wss://1.2.3.0x4",    "wss://0x7f000001",
                           "wss://a.b\\c",    "wss://a*b",          "wss://::1",
                           "wss://:80"})
    expect_error(text, RelayUrlError::bad_host);
  expect_error("wss://" + std::string(64, 'a') + ".b", RelayUrlError::bad_host);
  std::string longest = "a";
  while (longest.size() < 253) longest += ".a";
  EXPECT_EQ(normal("wss://" + longest), "wss://" + longest + "/");
  expect_error("wss://" + longest + "a.a", RelayUrlError::bad_host);
}

TEST(RelayUrl, RefusesPortsOutOfRange) {
  for (const char* text : {"wss://a.b:", "wss://a.b:0", "wss://a.b:65536", "wss://a.b:-1", "wss://a.b:1x",
                           "wss://a.b:123456", "wss://a.b:1:2", "wss://[::1]:"})
    expect_error(text, RelayUrlError::bad_port);
  EXPECT_EQ(normal("wss://a.b:65535"), "wss://a.b:65535/");
}

TEST(RelayUrl, RefusesCharactersThatUrlsDoNotHave) {
  using std::string_literals::operator""s;
  for (const std::string& text :
       {" wss://a.b"s, "wss://a.b "s, "wss://a.b/\n"s, "wss://a .b"s, "wss://a.b/\0"s, "wss://a.b/\x7f"s,
        "wss://a.b/\u00e9"s, "wss://a.b/<x>"s, "wss://a.b/\"x"s, "wss://a.b/%"s, "wss://a.b/%4"s, "wss://a.b/%zz"s,
        "wss://a.b/{x}"s, "wss://a.b/x\\y"s, "wss://a.b/?a=|"s, "wss://a.b/[x]"s, "\twss://a.b"s})
    expect_error(text, RelayUrlError::bad_character);
}

TEST(RelayUrl, BoundsItsLength) {
  const std::string base = "wss://a.b/";
  EXPECT_EQ(normal(base + std::string(1014, 'x')).size(), 1024U);
  expect_error(base + std::string(1015, 'x'), RelayUrlError::too_long);
  expect_error("wss://a.b?" + std::string(1014, 'x'), RelayUrlError::too_long);
}

}  // namespace
}  // namespace pharos
