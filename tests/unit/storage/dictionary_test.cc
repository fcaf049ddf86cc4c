#include <cstring>

#include <gtest/gtest.h>

#include "storage/dictionary_table.h"
#include "storage/keys.h"
#include "support/database.h"
#include "util/bytes.h"

namespace pharos::test {
namespace {

using storage::DictionaryWriter;
using storage::EntryNumber;
using storage::EventKey;
using storage::kChunkEntries;
using storage::StoredDictionary;

std::array<std::uint8_t, storage::kEntryBytes> entry(std::uint64_t n) {
  std::array<std::uint8_t, storage::kEntryBytes> bytes{};
  std::memcpy(bytes.data(), &n, sizeof n);
  return bytes;
}

class DictionaryTest : public ::testing::Test {
 protected:
  storage::Dbi table() const { return db_.tables()[storage::Table::dictionary]; }
  storage::WriteTxn write() { return std::move(db_.env().write().value()); }

  // In one commit.
  void add(std::uint64_t from, std::uint64_t to) {
    auto txn = write();
    DictionaryWriter writer(txn, table());
    for (std::uint64_t n = from; n < to; ++n) ASSERT_EQ(writer.add(entry(n)), n);
    ASSERT_EQ(writer.size(), to);
    ASSERT_TRUE(writer.flush());
    ASSERT_TRUE(txn.commit());
  }
  void expect_entries(std::uint64_t count) {
    const auto txn = db_.read();
    const StoredDictionary dictionary(txn, table());
    ASSERT_EQ(dictionary.size(), count);
    for (std::uint64_t n = 0; n < count; ++n) {
      ASSERT_EQ(as_text(dictionary.entry(static_cast<EntryNumber>(n))), as_text(entry(n)));
    }
    EXPECT_TRUE(dictionary.entry(static_cast<EntryNumber>(count)).empty());
    EXPECT_TRUE(dictionary.entry(static_cast<EntryNumber>(count + kChunkEntries)).empty());
    EXPECT_TRUE(dictionary.entry(UINT32_MAX).empty());
    EXPECT_TRUE(storage::verify_dictionary(txn, table()));
  }

  Database db_;
};

TEST_F(DictionaryTest, IsEmptyAtFirst) { expect_entries(0); }

TEST_F(DictionaryTest, NumbersGoOnFromCommitToCommit) {
  add(0, 3);
  expect_entries(3);
  add(3, kChunkEntries);
  expect_entries(kChunkEntries);
  add(kChunkEntries, kChunkEntries);
  add(kChunkEntries, 3 * kChunkEntries + 5);
  expect_entries(3 * kChunkEntries + 5);
}

TEST_F(DictionaryTest, WhatIsNotFlushedIsNotThere) {
  add(0, 3);
  {
    auto txn = write();
    DictionaryWriter(txn, table()).add(entry(3));
    ASSERT_TRUE(txn.commit());
  }
  expect_entries(3);
}

TEST_F(DictionaryTest, AFullChunkFillsItsPages) {
  add(0, kChunkEntries);
  const std::size_t bytes = db_.read().get(table(), EventKey(0).view())->size() + storage::kPageHeaderBytes;
  EXPECT_LE(bytes, 16U * 4096);
  EXPECT_GT(bytes + storage::kEntryBytes, 16U * 4096);
}

TEST_F(DictionaryTest, DamageIsFound) {
  const std::string one(storage::kEntryBytes, 'x');
  const std::string full(storage::kEntryBytes * kChunkEntries, 'x');
  const auto passes = [&](std::initializer_list<std::pair<std::uint64_t, std::string>> chunks) {
    auto txn = write();
    for (const auto& [number, value] : chunks) txn.put(table(), EventKey(number).view(), value);
    const StoredDictionary dictionary(txn, table());
    for (const EntryNumber n : {0U, 1U, 2046U, 2047U, 4094U, UINT32_MAX - 1}) dictionary.entry(n);
    return storage::verify_dictionary(txn, table());
  };
  EXPECT_TRUE(passes({{0, full}, {1, one}}));
  EXPECT_FALSE(passes({{1, one}}));
  EXPECT_FALSE(passes({{0, one}, {1, one}}));
  EXPECT_FALSE(passes({{0, full}, {2, one}}));
  EXPECT_FALSE(passes({{0, full}, {1, ""}}));
  EXPECT_FALSE(passes({{0, full + one}}));
  EXPECT_FALSE(passes({{0, one + "x"}}));
  EXPECT_FALSE(passes({{0, full}, {UINT64_MAX, one}}));
}

}  // namespace
}  // namespace pharos::test
