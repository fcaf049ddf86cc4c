#include "storage/tag_numbers.h"

#include <map>

#include <gmock/gmock.h>

#include "support/database.h"
#include "util/bytes.h"

namespace pharos::test {
namespace {

using storage::EntryBytes;
using storage::EntryNumber;
using storage::TagNumbers;

// A 32-byte item that sorts by n.
std::string item(std::uint64_t n) {
  std::string bytes(storage::kEntryBytes, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(n >> (56 - 8 * i));
  return bytes;
}

class TagNumbersTest : public ::testing::Test {
 protected:
  void count(const TagList& tags) {
    std::string record;
    storage::encode_record(unsigned_event({1, "x", tags, 1000, 0}), record);
    numbers_.count(storage::RecordView(1, as_bytes(record)));
    for (const TagView tag : tags) {
      for (std::size_t i = 0; i < tag.size(); ++i) noted_.emplace_back(tag[i]);
    }
  }
  void assign() {
    numbers_.assign(
        [this](storage::Key key, EntryBytes bytes) {
          EXPECT_GE(key, last_key_);
          last_key_ = key;
          asked_.emplace_back(as_text(bytes));
          const auto known = known_.find(asked_.back());
          return known == known_.end() ? std::nullopt : std::optional(known->second);
        },
        [this](storage::Key, EntryBytes bytes) -> std::optional<EntryNumber> {
          if (added_.size() == room_) return std::nullopt;
          added_.emplace_back(as_text(bytes));
          return static_cast<EntryNumber>(99 + added_.size());
        });
    for (const std::string& text : noted_) {
      EventId bytes;
      if (!decode_hex(text, bytes.data)) continue;
      const auto number = numbers_.next();
      const auto [known, fresh] = given_.emplace(text, number);
      EXPECT_EQ(known->second, number) << text;
    }
  }
  // nullopt too when it was not noted.
  std::optional<EntryNumber> number(std::uint64_t n) const {
    const auto given = given_.find(hex(n));
    return given == given_.end() ? std::nullopt : given->second;
  }
  static std::string hex(std::uint64_t n) { return to_hex(as_bytes(item(n))); }

  TagNumbers numbers_{SipKey{7}};
  std::map<std::string, EntryNumber> known_;
  std::size_t room_ = SIZE_MAX;
  storage::Key last_key_ = 0;
  std::vector<std::string> asked_;
  std::vector<std::string> added_;
  std::vector<std::string> noted_;
  std::map<std::string, std::optional<EntryNumber>> given_;
};

TEST_F(TagNumbersTest, WhatOccursThreeTimesEntersInOrderOfFirstOccurrence) {
  count({{"p", hex(5)}, {"p", hex(9)}, {"e", hex(2), "", "root", hex(5)}});
  count({{"x", hex(2)}, {hex(5)}, {"p", hex(9)}});
  count({{"a", "b", hex(2)}});
  assign();
  EXPECT_THAT(asked_, ::testing::UnorderedElementsAre(item(2), item(5), item(9)));
  EXPECT_THAT(added_, ::testing::ElementsAre(item(5), item(2)));
  EXPECT_EQ(number(5), 100U);
  EXPECT_EQ(number(2), 101U);
  EXPECT_EQ(number(9), std::nullopt);
  EXPECT_EQ(number(1), std::nullopt);
}

TEST_F(TagNumbersTest, WhatHasANumberKeepsItHoweverRare) {
  known_[item(4)] = 7;
  known_[item(5)] = 8;
  count({{"p", hex(4)}, {"p", hex(5)}, {"p", hex(5)}, {"p", hex(5)}});
  assign();
  EXPECT_TRUE(added_.empty());
  EXPECT_EQ(number(4), 7U);
  EXPECT_EQ(number(5), 8U);
}

TEST_F(TagNumbersTest, OnlyHexOf32BytesCounts) {
  const std::string upper = "ABCDEF" + hex(1).substr(6);
  for (int i = 0; i < 3; ++i) count({{"p", hex(1).substr(2), hex(1) + "00", upper, item(1)}});
  assign();
  EXPECT_TRUE(asked_.empty());
}

TEST_F(TagNumbersTest, AFullDictionaryTakesNoMore) {
  room_ = 1;
  for (int i = 0; i < 3; ++i) count({{"p", hex(1)}, {"p", hex(2)}});
  assign();
  EXPECT_EQ(number(1), 100U);
  EXPECT_EQ(number(2), std::nullopt);
}

TEST_F(TagNumbersTest, KeepsManyApart) {
  constexpr std::uint64_t kItems = 20'000;
  TagList tags;
  for (std::uint64_t n = 0; n < kItems; ++n) {
    tags.add_item("p");
    for (std::uint64_t times = 0; times <= n % 4; ++times) tags.add_item(hex(n));
    tags.end_tag();
  }
  count(tags);
  assign();
  EXPECT_EQ(asked_.size(), kItems);
  EXPECT_EQ(added_.size(), kItems / 2);
  for (std::uint64_t n = 0; n < kItems; ++n) ASSERT_EQ(number(n).has_value(), n % 4 >= 2) << n;
}

}  // namespace
}  // namespace pharos::test
