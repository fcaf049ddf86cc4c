#include "storage/packed_tags.h"

#include <gtest/gtest.h>

#include "util/bytes.h"
#include "util/random.h"

namespace pharos::storage {
namespace {

TagList unpack(std::string_view packed) {
  TagList tags;
  PackedTagReader reader(as_bytes(packed));
  PackedItem item;
  std::string scratch;
  while (reader.next_tag()) {
    while (reader.next_item(item)) tags.add_item(item.text(scratch));
    tags.end_tag();
  }
  EXPECT_FALSE(reader.malformed());
  return tags;
}

std::string pack(const TagList& tags) {
  std::string packed;
  pack_tags(tags, packed);
  return packed;
}

TEST(PackedTags, HexTakesHalfTheRoom) {
  const std::string id(64, 'a');
  // One count, one length and a letter, one length and 32 bytes.
  EXPECT_EQ(pack({{"e", id}}).size(), 1U + 2U + 1U + 32U);
  EXPECT_EQ(pack({{"e", "A" + id.substr(1)}}).size(), 1U + 2U + 2U + 64U);
}

TEST(PackedTags, GiveBackEveryShapeOfTag) {
  const std::string long_hex(70'000, 'f');
  const TagList tags{{},
                     {""},
                     {"e", "", "x"},
                     {"abc", "abcd", "ABCD", "abcg", "0"},
                     {"p", std::string(64, '0'), "wss://relay.example/"},
                     {"t", std::string(63, 'x')},
                     {"t", std::string(64, 'x')},
                     {"t", std::string("\0\x01\xff", 3)},
                     {"h", long_hex, long_hex + "f"}};
  EXPECT_EQ(unpack(pack(tags)), tags);
}

TEST(PackedTags, GiveBackRandomTags) {
  SeededRandom random(3);
  for (int round = 0; round < 300; ++round) {
    TagList tags;
    for (std::uint64_t t = random.below(6); t-- > 0;) {
      for (std::uint64_t i = random.below(5); i-- > 0;) {
        std::string item(random.below(200), '\0');
        for (char& c : item) c = "0123456789abcdefGZ"[random.below(random.below(2) == 0 ? 16 : 18)];
        tags.add_item(item);
      }
      tags.end_tag();
    }
    EXPECT_EQ(unpack(pack(tags)), tags);
  }
}

TEST(PackedTags, SkipWhatWasNotRead) {
  const std::string packed = pack({{"a", "b", "c"}, {"d"}});
  PackedTagReader reader(as_bytes(packed));
  PackedItem item;
  ASSERT_TRUE(reader.next_tag());
  ASSERT_TRUE(reader.next_item(item));
  EXPECT_EQ(reader.items_left(), 2U);
  ASSERT_TRUE(reader.next_tag());
  ASSERT_TRUE(reader.next_item(item));
  EXPECT_TRUE(item.is('d'));
  EXPECT_FALSE(reader.next_item(item));
  EXPECT_FALSE(reader.next_tag());
}

TEST(PackedTags, BrokenBytesEndTheReadingInsideTheirBounds) {
  const std::string whole = pack({{"e", std::string(64, 'a'), "relay"}, {"p", std::string(64, 'b')}});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read beyond it.
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    PackedTagReader reader(cut);
    PackedItem item;
    std::size_t tags = 0;
    while (reader.next_tag()) {
      ++tags;
      while (reader.next_item(item)) {
      }
    }
    EXPECT_TRUE(reader.malformed() || tags < 2) << size;
  }
  PackedTagReader endless(as_bytes("\xff\xff\xff\xff\xff\xff"));
  EXPECT_FALSE(endless.next_tag());
  EXPECT_TRUE(endless.malformed());
}

}  // namespace
}  // namespace pharos::storage
