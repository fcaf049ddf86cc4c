#include "storage/keys.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "util/random.h"

namespace pharos::storage {
namespace {

PublicKey some_key(std::uint8_t first) {
  PublicKey key;
  key.data.fill(first);
  return key;
}

TEST(Keys, PlacesReadBackwardsComeInTheOrderOfAnswers) {
  SeededRandom random(1);
  std::vector<Candidate> candidates;
  for (int i = 0; i < 2000; ++i) {
    // Few of each, so that every kind of tie occurs.
    candidates.push_back(
        {static_cast<UnixSeconds>(random.below(5)) << 33U, random.below(4) << 60U, 1 + random.below(300)});
  }
  candidates.push_back({kMaxCreatedAt, ~std::uint64_t{0}, kMaxSeq});
  candidates.push_back({0, 0, 1});
  std::ranges::sort(candidates, comes_before);
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    EXPECT_GE(encode_place(candidates[i - 1]).view(), encode_place(candidates[i]).view());
  }
}

TEST(Keys, PlacesComeBackAsTheyWere) {
  for (const Candidate& candidate :
       {Candidate{0, 0, 1}, Candidate{kMaxCreatedAt, ~std::uint64_t{0}, kMaxSeq}, Candidate{1'700'000'000, 77, 4711}}) {
    EXPECT_EQ(decode_place(encode_place(candidate).view()), candidate);
  }
  EXPECT_EQ(encode_place({1, 2, 3}).size(), kPlaceBytes);
}

TEST(Keys, ValuesOfAnotherSizeAreRefused) {
  EXPECT_FALSE(decode_place(std::string(21, 'x')));
  EXPECT_FALSE(decode_seq(std::string(8, 'x')));
  EXPECT_FALSE(decode_event_key(std::string(6, 'x')));
}

TEST(Keys, NumbersOrderAsBytesDo) {
  EXPECT_LT(encode_seq(255).view(), encode_seq(256).view());
  EXPECT_LT(expiry_key(255).view(), expiry_key(256).view());
  EXPECT_LT(kind_key(255).view(), kind_key(256).view());
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
    EXPECT_EQ(tag_key({}, 't', value + "a").size(), 8U);
  }
}

TEST(Keys, IdentifierCountsForAddressableKindsOnly) {
  const PublicKey author = some_key(7);
  EXPECT_EQ(replaceable_key({}, author, 10002, "a"), replaceable_key({}, author, 10002, ""));
  EXPECT_NE(replaceable_key({}, author, 30023, "a"), replaceable_key({}, author, 30023, ""));
  EXPECT_NE(replaceable_key({}, author, 30023, "a"), replaceable_key({}, some_key(8), 30023, "a"));
  EXPECT_EQ(deleted_address_key({}, author, 0, "a"), deleted_address_key({}, author, 0, ""));
}

TEST(Keys, IdentifierOfAnAddressIsNoTagValue) { EXPECT_NE(hash8({}, 0, "x"), hash8({}, 'd', "x")); }

TEST(Keys, TombstonesHoldIdAndRequesterWhole) {
  EventId id;
  EventId other = id;
  other.data[31] = 1;
  EXPECT_NE(deleted_id_key(id, some_key(1)), deleted_id_key(other, some_key(1)));
  EXPECT_NE(deleted_id_key(id, some_key(1)), deleted_id_key(id, some_key(2)));
}

}  // namespace
}  // namespace pharos::storage
