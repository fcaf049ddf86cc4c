#include "nostr/key_text.h"

#include <gmock/gmock.h>

#include "nostr/nip19.h"

namespace pharos {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(KeyText, WhatIsNoPublicKeyIsTold) {
  EXPECT_EQ(why_no_public_key("alice"), R"("alice" is neither 64 lower-case hex digits nor an npub or nprofile)");
  EXPECT_EQ(why_no_event_id("it"), R"("it" is neither 64 lower-case hex digits nor a note or nevent)");
  EXPECT_EQ(why_no_event_id(""), R"("" is neither 64 lower-case hex digits nor a note or nevent)");
}

TEST(KeyText, ThePlaceThatIsWrongIsTold) {
  const std::string hex(64, 'a');
  const auto with = [](std::string text, std::size_t at, char c) {
    text[at] = c;
    return text;
  };
  EXPECT_THAT(why_no_public_key(hex + "a"), EndsWith(": it has 65 characters instead of 64"));
  EXPECT_THAT(why_no_public_key(with(hex, 4, 'g')), EndsWith(R"(: character 5, "g", is no hex digit)"));
  EXPECT_THAT(why_no_event_id(with(hex, 63, 'F')), EndsWith(R"(: character 64, "F", is in upper case)"));
  const PublicKey key = *PublicKey::from_hex(hex);
  const std::string npub = encode_npub(key);
  EXPECT_THAT(why_no_public_key(with(npub, 20, 'b')), EndsWith(R"(: character 21, "b", is none that can stand there)"));
  EXPECT_THAT(why_no_public_key(with(npub, 20, npub[20] == 'q' ? 'p' : 'q')), HasSubstr(": its checksum does not fit"));
  EXPECT_THAT(why_no_public_key(npub.substr(0, 60)), EndsWith(": it has 60 characters instead of 63"));
  EXPECT_THAT(why_no_public_key("N" + npub.substr(1)), EndsWith(": upper and lower case are mixed"));
  EXPECT_THAT(why_no_public_key("nostr:" + npub), EndsWith(R"(: leave out "nostr:")"));
  EXPECT_THAT(why_no_public_key(encode_note(*EventId::from_hex(hex))), EndsWith(": that is a note"));
  EXPECT_THAT(why_no_event_id(npub), EndsWith(": that is an npub"));
  EXPECT_THAT(why_no_event_id(*encode_nprofile({key, {}})), EndsWith(": that is an nprofile"));
}

TEST(KeyText, ASecretKeyIsNotRepeated) {
  for (const char* text : {"nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5", "nostr:nsec1vl029",
                           "NSEC1VL029MGPSPEDVA04G90VLTKH6FVH240ZQTV9K0T9AF8935KE9LAQSNLFE5", "Nsec1Vl029"}) {
    EXPECT_THAT(why_no_public_key(text), HasSubstr("secret key"));
    EXPECT_THAT(why_no_public_key(text), Not(ContainsRegex("[vV][lL]029")));
    EXPECT_THAT(why_no_event_id(text), Not(ContainsRegex("[vV][lL]029")));
  }
}

}  // namespace
}  // namespace pharos
