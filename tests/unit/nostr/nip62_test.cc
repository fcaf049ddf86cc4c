#include "nostr/nip62.h"

#include <gtest/gtest.h>

#include "support/event_factory.h"

namespace pharos::test {
namespace {

bool asks(const char* relay, const char* own = "wss://relay.example.com/") {
  const std::vector<RelayUrl> ours{RelayUrl::parse(own).value()};
  return asks_us_to_vanish(unsigned_event({62, "", {{"relay", relay}}}), ours);
}

TEST(Nip62, OneOfOurUrlsOrAllRelaysAsksUs) {
  EXPECT_TRUE(asks("wss://relay.example.com/"));
  EXPECT_TRUE(asks("wss://relay.example.com"));
  EXPECT_TRUE(asks("wss://RELAY.example.com:443"));
  EXPECT_TRUE(asks("ws://relay.example.com"));
  EXPECT_TRUE(asks("wss://relay.example.com:444", "wss://relay.example.com:444/"));
  EXPECT_TRUE(asks("ALL_RELAYS"));
}

TEST(Nip62, AnotherRelayDoesNotAskUs) {
  EXPECT_FALSE(asks("wss://other.example.com/"));
  EXPECT_FALSE(asks("wss://relay.example.com/path"));
  EXPECT_FALSE(asks("wss://relay.example.com:444/"));
  EXPECT_FALSE(asks("all_relays"));
  EXPECT_FALSE(asks(""));
  EXPECT_FALSE(asks("relay.example.com"));
}

TEST(Nip62, AnyOfSeveralTagsCountsAndOtherTagsDoNot) {
  const std::vector<RelayUrl> ours{RelayUrl::parse("wss://relay.example.com/").value()};
  EXPECT_TRUE(asks_us_to_vanish(
      unsigned_event({62, "", {{"relay", "wss://a.example.com"}, {"relay"}, {"relay", "wss://relay.example.com"}}}),
      ours));
  EXPECT_FALSE(asks_us_to_vanish(unsigned_event({62, "ALL_RELAYS", {{"r", "ALL_RELAYS"}}}), ours));
  EXPECT_FALSE(asks_us_to_vanish(unsigned_event({62, "", {}}), {}));
}

}  // namespace
}  // namespace pharos::test
