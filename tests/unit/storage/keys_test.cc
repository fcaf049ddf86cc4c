#include "storage/keys.h"

#include <string>

#include <gtest/gtest.h>

namespace pharos::storage {
namespace {

PublicKey some_key(std::uint8_t first) {
  PublicKey key;
  key.data.fill(first);
  return key;
}

TEST(Keys, ValuesOfAnotherSizeAreRefused) {
  EXPECT_FALSE(decode_seq(std::string(8, 'x')));
  EXPECT_FALSE(decode_event_key(std::string(6, 'x')));
}

TEST(Keys, NumbersOrderAsBytesDo) {
  EXPECT_LT(encode_seq(255).view(), encode_seq(256).view());
  EXPECT_EQ(decode_seq(encode_seq(kMaxSeq).view()), kMaxSeq);
  EXPECT_EQ(decode_event_key(EventKey(1234567).view()), 1234567U);
}

TEST(Keys, TagsAreToldApartByNameByValueAndByDatabase) {
  const SipKey here{1};
  const SipKey there{2};
  EXPECT_EQ(tag_key(here, 'e', "x"), tag_key(here, 'e', "x"));
  EXPECT_NE(tag_key(here, 'e', "x"), tag_key(here, 'E', "x"));
  EXPECT_NE(tag_key(here, 'e', "x"), tag_key(here, 'e', "y"));
  EXPECT_NE(tag_key(here, 'e', "x"), tag_key(there, 'e', "x"));
}

TEST(Keys, TagValuesOfAnyLengthAreToldApartByTheirLastByte) {
  for (const std::size_t size : {0U, 118U, 119U, 120U, 511U, 512U, 100'000U}) {
    const std::string value(size, 'v');
    EXPECT_NE(tag_key({}, 't', value + "a"), tag_key({}, 't', value + "b")) << size;
  }
}

TEST(Keys, IdentifierCountsForAddressableKindsOnly) {
  const PublicKey author = some_key(7);
  EXPECT_EQ(replaceable_key({}, author, 10002, "a"), replaceable_key({}, author, 10002, ""));
  EXPECT_NE(replaceable_key({}, author, 30023, "a"), replaceable_key({}, author, 30023, ""));
  EXPECT_NE(replaceable_key({}, author, 30023, "a"), replaceable_key({}, some_key(8), 30023, "a"));
  EXPECT_EQ(deleted_address_key({}, author, 0, "a"), deleted_address_key({}, author, 0, ""));
}

TEST(Keys, ATieIsTheFirstThreeBytesOfTheId) {
  EventId id;
  for (std::uint8_t i = 0; i < 4; ++i) id.data[i] = i + 1;
  EXPECT_EQ(tie_of(id), 0x010203U);
}

TEST(Keys, TombstonesHoldIdAndRequesterWhole) {
  EventId id;
  EventId other = id;
  other.data[31] = 1;
  EXPECT_NE(deleted_id_key(id, some_key(1)), deleted_id_key(other, some_key(1)));
  EXPECT_NE(deleted_id_key(id, some_key(1)), deleted_id_key(id, some_key(2)));
}

}  // namespace
}  // namespace pharos::storage
