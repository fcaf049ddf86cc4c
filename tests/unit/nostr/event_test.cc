#include "nostr/event.h"

#include <limits>

#include <gmock/gmock.h>

#include "nostr/kind.h"

namespace pharos {
namespace {

using ::testing::Eq;
using ::testing::Optional;

Event tagged(TagList tags) {
  Event event;
  event.tags = std::move(tags);
  return event;
}

TEST(Event, IdentifierIsTheFirstDTag) {
  EXPECT_EQ(identifier(tagged({})), "");
  EXPECT_EQ(identifier(tagged({{"d"}})), "");
  EXPECT_EQ(identifier(tagged({{"d", ""}})), "");
  EXPECT_EQ(identifier(tagged({{}, {"D", "no"}, {"d", "a:b"}, {"d", "second"}})), "a:b");
}

TEST(Event, ExpirationIsTheFirstTagWhenItIsAPlainInteger) {
  EXPECT_THAT(expiration(tagged({{"expiration", "1700000000"}})), Optional(Eq(1'700'000'000)));
  EXPECT_THAT(expiration(tagged({{"expiration", "0"}, {"expiration", "5"}})), Optional(Eq(0)));
  for (const char* text : {"", "-1", "-0", "+1", "1.5", "1e9", " 1", "1 ", "soon", "0x10"})
    EXPECT_EQ(expiration(tagged({{"expiration", text}})), std::nullopt) << text;
  EXPECT_EQ(expiration(tagged({{"expiration"}})), std::nullopt);
  EXPECT_EQ(expiration(tagged({{"expiration", "x"}, {"expiration", "5"}})), std::nullopt);
}

TEST(Event, ExpirationSaturates) {
  constexpr UnixSeconds kMost = std::numeric_limits<UnixSeconds>::max();
  EXPECT_THAT(expiration(tagged({{"expiration", "9223372036854775807"}})), Optional(Eq(kMost)));
  EXPECT_THAT(expiration(tagged({{"expiration", "9223372036854775808"}})), Optional(Eq(kMost)));
  EXPECT_THAT(expiration(tagged({{"expiration", std::string(400, '9')}})), Optional(Eq(kMost)));
}

TEST(Event, ExpiresAtTheSecondItNames) {
  const Event event = tagged({{"expiration", "100"}});
  EXPECT_FALSE(is_expired(event, 99));
  EXPECT_TRUE(is_expired(event, 100));
  EXPECT_FALSE(is_expired(tagged({}), std::numeric_limits<UnixSeconds>::max()));
  Event ephemeral = event;
  ephemeral.kind = 20001;
  EXPECT_FALSE(is_expired(ephemeral, 100));
}

TEST(Event, IsProtectedByAnyTagNamedWithADash) {
  EXPECT_TRUE(is_protected(tagged({{"p", "x"}, {"-"}})));
  EXPECT_TRUE(is_protected(tagged({{"-", "anything"}})));
  EXPECT_FALSE(is_protected(tagged({{}, {""}, {"--"}, {"p", "-"}})));
}

TEST(Event, ClassesOfKindsHaveTheEdgesOfNip01) {
  for (const Kind k : {Kind{0}, Kind{3}, Kind{10000}, Kind{19999}}) EXPECT_EQ(classify(k), KindClass::replaceable) << k;
  for (const Kind k : {Kind{20000}, Kind{29999}}) EXPECT_EQ(classify(k), KindClass::ephemeral) << k;
  for (const Kind k : {Kind{30000}, Kind{39999}}) EXPECT_EQ(classify(k), KindClass::addressable) << k;
  for (const Kind k : {Kind{1}, Kind{2}, Kind{4}, Kind{41}, Kind{45}, Kind{999}, Kind{9999}, Kind{40000}, Kind{65535}})
    EXPECT_EQ(classify(k), KindClass::regular) << k;
}

}  // namespace
}  // namespace pharos
