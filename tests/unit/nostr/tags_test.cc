#include "nostr/tags.h"

#include <gmock/gmock.h>

namespace pharos {
namespace {

TEST(Tags, KeepsShapesApart) {
  const TagList tags{{"a", "", "c"}, {}, {""}, {}, {"x"}};
  ASSERT_EQ(tags.size(), 5U);
  EXPECT_EQ(tags[0].size(), 3U);
  EXPECT_EQ(tags[0][0], "a");
  EXPECT_EQ(tags[0][1], "");
  EXPECT_EQ(tags[0][2], "c");
  EXPECT_TRUE(tags[1].empty());
  EXPECT_EQ(tags[2].size(), 1U);
  EXPECT_TRUE(tags[3].empty());
  EXPECT_EQ(tags[4].name(), "x");
  EXPECT_EQ(tags[4].value(), "");
  EXPECT_NE(tags, (TagList{{"a", "", "c"}, {""}, {}, {}, {"x"}}));
}

TEST(Tags, BuildsItemByItem) {
  TagList tags;
  tags.end_tag();
  tags.add_item("p");
  tags.add_item(std::string_view("\0x", 2));
  tags.end_tag();
  EXPECT_EQ(tags, (TagList{{}, {"p", std::string_view("\0x", 2)}}));
  tags.clear();
  EXPECT_TRUE(tags.empty());
  tags.add({"q"});
  EXPECT_EQ(tags, (TagList{{"q"}}));
}

TEST(Tags, WhatIsReservedOutlivesClearing) {
  TagList tags;
  for (int i = 0; i < 1000; ++i) tags.add({"t", "value"});
  EXPECT_GE(tags.reserved_bytes(), tags.byte_size());
  const std::size_t reserved = tags.reserved_bytes();
  tags.clear();
  EXPECT_EQ(tags.byte_size(), 0U);
  EXPECT_EQ(tags.reserved_bytes(), reserved);
  EXPECT_EQ(TagList(tags).reserved_bytes(), TagList().reserved_bytes());
}

TEST(Tags, IteratesInOrder) {
  std::string names;
  for (const TagView tag : TagList{{"a"}, {}, {"b", "1"}}) names += tag.name();
  EXPECT_EQ(names, "ab");
}

TEST(Tags, FirstIsByWholeName) {
  const TagList tags{{}, {"dd", "no"}, {"d"}, {"d", "late"}};
  EXPECT_EQ(tags.first("d"), "");
  EXPECT_EQ(tags.first("dd"), "no");
  EXPECT_EQ(tags.first("x"), std::nullopt);
}

}  // namespace
}  // namespace pharos
