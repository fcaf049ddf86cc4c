#include "nostr/key_text.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(KeyText, WhatIsNoPublicKeyIsTold) {
  EXPECT_EQ(why_no_public_key("alice"), R"("alice" is neither 64 lower-case hex digits nor an npub)");
}

TEST(KeyText, ASecretKeyIsNotRepeated) {
  for (const char* text : {"nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5", "nostr:nsec1vl029"}) {
    EXPECT_THAT(why_no_public_key(text), HasSubstr("secret key"));
    EXPECT_THAT(why_no_public_key(text), Not(HasSubstr("vl029")));
  }
}

}  // namespace
}  // namespace pharos
