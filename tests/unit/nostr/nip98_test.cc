#include "nostr/nip98.h"

#include <gmock/gmock.h>

#include "nostr/sha256.h"
#include "support/event_builder.h"
#include "support/http_auth.h"

namespace pharos {
namespace {

constexpr UnixSeconds kNow = 1'700'000'000;
const std::string kBody = R"({"method":"supportedmethods","params":[]})";

class Nip98 : public ::testing::Test {
 protected:
  Event event(std::initializer_list<std::initializer_list<std::string_view>> tags, UnixSeconds at = kNow,
              Kind kind = 27235) {
    return alice_.event(kind, at, "", tags);
  }
  Event good(UnixSeconds at = kNow, Kind kind = 27235) {
    return event({{"u", "https://relay.example.com/"}, {"method", "POST"}, {"payload", payload_}}, at, kind);
  }
  HttpAuthFault check(const Event& event) const {
    const std::vector<std::string> urls{"wss://relay.example.com/", "ws://127.0.0.1:7777/x"};
    return check_http_auth(event, {urls, "POST", kBody}, kNow);
  }

  test::Person alice_{1};
  const std::string payload_ = to_hex(sha256(as_bytes(kBody)));
};

TEST_F(Nip98, TakesAnEventThatNamesTheRequest) {
  EXPECT_EQ(check(good()), HttpAuthFault::none);
  EXPECT_EQ(check(good(kNow - 60)), HttpAuthFault::none);
  EXPECT_EQ(check(good(kNow + 60)), HttpAuthFault::none);
}

TEST_F(Nip98, RefusesWhatDoesNot) {
  EXPECT_EQ(check(good(kNow, 22242)), HttpAuthFault::wrong_kind);
  EXPECT_EQ(check(good(kNow - 61)), HttpAuthFault::wrong_time);
  EXPECT_EQ(check(good(kNow + 61)), HttpAuthFault::wrong_time);
  EXPECT_EQ(check(event({{"u", "https://other.example.com/"}, {"method", "POST"}, {"payload", payload_}})),
            HttpAuthFault::wrong_url);
  EXPECT_EQ(check(event({{"method", "POST"}, {"payload", payload_}})), HttpAuthFault::wrong_url);
  EXPECT_EQ(check(event({{"u", "https://relay.example.com/"}, {"method", "GET"}, {"payload", payload_}})),
            HttpAuthFault::wrong_method);
  EXPECT_EQ(check(event({{"u", "https://relay.example.com/"}, {"method", "POST"}})), HttpAuthFault::wrong_payload);
  EXPECT_EQ(check(event({{"u", "https://relay.example.com/"}, {"method", "POST"}, {"payload", std::string(64, '0')}})),
            HttpAuthFault::wrong_payload);
}

TEST_F(Nip98, UrlsAreComparedInTheirNormalForm) {
  EXPECT_TRUE(is_same_http_url("wss://relay.example.com/", "HTTPS://Relay.Example.com"));
  EXPECT_TRUE(is_same_http_url("ws://127.0.0.1:7777", "http://127.0.0.1:7777/"));
  EXPECT_TRUE(is_same_http_url("https://relay.example.com:443/a/", "wss://relay.example.com/a"));
  EXPECT_FALSE(is_same_http_url("wss://relay.example.com/", "http://relay.example.com/"));
  EXPECT_FALSE(is_same_http_url("wss://relay.example.com/", "https://relay.example.com/a"));
  EXPECT_FALSE(is_same_http_url("wss://relay.example.com/", "https://relay.example.com/?x=1"));
  EXPECT_FALSE(is_same_http_url("wss://relay.example.com/", "https://relay.example.com:8443/"));
  EXPECT_FALSE(is_same_http_url("", ""));
  EXPECT_FALSE(is_same_http_url("nonsense", "nonsense"));
}

TEST_F(Nip98, ReadsTheHeaderPaddedOrNotInAnyCase) {
  const Event written = good();
  const std::string base64 = testing::base64(test::to_json(written));
  std::string bare = base64;
  while (bare.ends_with('=')) bare.pop_back();
  std::string url_safe = base64;
  for (char& c : url_safe) c = c == '+' ? '-' : c == '/' ? '_' : c;
  for (const std::string& header :
       {"Nostr " + base64, "nostr " + bare, "NOSTR \t " + base64 + " ", "Nostr " + url_safe}) {
    const auto read = parse_http_auth(header);
    ASSERT_TRUE(read) << header;
    EXPECT_EQ(read.value(), written);
  }
}

TEST_F(Nip98, RefusesOtherHeaders) {
  const std::string base64 = testing::base64(test::to_json(good()));
  EXPECT_EQ(parse_http_auth("").error(), HttpAuthFault::missing);
  for (const std::string& header :
       {std::string("Nostr"), std::string("Nostr "), std::string("Nostr !!!!"), "Bearer " + base64, "Nostr" + base64,
        "Nostr " + base64.substr(0, 100), "Nostr " + base64 + " " + base64, "Nostr " + std::string(100'000, 'A'),
        std::string("Nostr e30="), std::string("Nostr A")}) {
    const auto read = parse_http_auth(header);
    ASSERT_FALSE(read) << header;
    EXPECT_EQ(read.error(), HttpAuthFault::malformed) << header;
  }
}

TEST_F(Nip98, EveryFaultIsDescribed) {
  for (int i = 1; i <= static_cast<int>(HttpAuthFault::wrong_payload); ++i)
    EXPECT_FALSE(describe(static_cast<HttpAuthFault>(i)).empty());
}

}  // namespace
}  // namespace pharos
