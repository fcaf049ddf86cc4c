#include "storage/txn.h"

#include <string>

#include <gtest/gtest.h>

#include "support/database.h"

namespace pharos::test {
namespace {

using storage::Cursor;
using storage::Table;

class TxnTest : public ::testing::Test {
 protected:
  storage::Dbi plain() const { return db_.tables()[Table::kv_misc]; }
  storage::Dbi grouped() const { return db_.tables()[Table::by_id]; }
  storage::WriteTxn write() { return std::move(db_.env().write().value()); }

  void fill_groups() {
    auto txn = write();
    for (const char* value : {"cccccc", "aaaaaa", "eeeeee"}) txn.put_grouped(grouped(), "k2", value);
    txn.put_grouped(grouped(), "k1", "bbbbbb");
    for (int i = 0; i < 1000; ++i) txn.put_grouped(grouped(), "k3", std::to_string(100000 + (i * 7) % 1000));
    ASSERT_TRUE(txn.commit());
  }

  Database db_;
};
using Txn = TxnTest;

TEST_F(Txn, KeepsNothingWithoutCommit) {
  {
    auto txn = write();
    EXPECT_TRUE(txn.put(plain(), "a", "1"));
    EXPECT_EQ(txn.get(plain(), "a"), "1");
  }
  EXPECT_FALSE(db_.read().get(plain(), "a"));
}

TEST_F(Txn, ReaderSeesTheMomentOfItsBeginning) {
  const auto before = db_.read();
  auto txn = write();
  txn.put(plain(), "a", "1");
  ASSERT_TRUE(txn.commit());
  EXPECT_FALSE(before.get(plain(), "a"));
  EXPECT_EQ(db_.read().get(plain(), "a"), "1");
}

TEST_F(Txn, NestedTransactionIsTakenBackAlone) {
  auto txn = write();
  txn.put(plain(), "outer", "1");
  {
    auto dropped = std::move(txn.begin_nested().value());
    dropped.put(plain(), "dropped", "1");
  }
  {
    auto kept = std::move(txn.begin_nested().value());
    kept.put(plain(), "kept", "1");
    ASSERT_TRUE(kept.commit());
  }
  ASSERT_TRUE(txn.commit());
  const auto read = db_.read();
  EXPECT_TRUE(read.get(plain(), "outer"));
  EXPECT_TRUE(read.get(plain(), "kept"));
  EXPECT_FALSE(read.get(plain(), "dropped"));
}

TEST_F(Txn, FailureStaysAndIsGivenByCommit) {
  auto txn = write();
  EXPECT_FALSE(txn.put(plain(), std::string(600, 'k'), "1"));  // beyond LMDB's key limit
  EXPECT_TRUE(txn.failed());
  EXPECT_FALSE(txn.put(plain(), "a", "1"));
  EXPECT_FALSE(txn.get(plain(), "a"));
  EXPECT_FALSE(txn.commit());
  EXPECT_FALSE(db_.read().get(plain(), "a"));
}

TEST_F(Txn, ErasingWhatIsNotThereIsNoFailure) {
  auto txn = write();
  EXPECT_TRUE(txn.erase(plain(), "a"));
  EXPECT_TRUE(txn.erase_grouped(grouped(), "k", "bbbbbb"));
  EXPECT_TRUE(txn.commit());
}

TEST_F(Txn, CursorSeeksTheLastOfAGroupAtMostABound) {
  fill_groups();
  const auto txn = db_.read();
  Cursor cursor(txn, grouped());
  const auto at_most = [&](const char* key, const char* bound) {
    return cursor.seek_at_most(key, bound) ? std::string(cursor.value()) : "none";
  };
  EXPECT_EQ(at_most("k2", "bbbbbb"), "aaaaaa");
  EXPECT_EQ(at_most("k2", "cccccc"), "cccccc");
  EXPECT_EQ(at_most("k2", "zzzzzz"), "eeeeee");
  EXPECT_EQ(at_most("k2", "000000"), "none");
  EXPECT_EQ(at_most("k1", "bbbbbb"), "bbbbbb");
  EXPECT_EQ(at_most("k1", "zzzzzz"), "bbbbbb");
  EXPECT_EQ(at_most("k1", "aaaaaa"), "none");
  EXPECT_EQ(at_most("k3", "100500"), "100500");
  EXPECT_EQ(at_most("k3", "999999"), "100999");
  EXPECT_EQ(at_most("k0", "zzzzzz"), "none");
  EXPECT_EQ(at_most("k4", "zzzzzz"), "none");
  EXPECT_FALSE(txn.failed());
}

TEST_F(Txn, CursorWalksOneGroupBothWays) {
  fill_groups();
  const auto txn = db_.read();
  Cursor cursor(txn, grouped());
  ASSERT_TRUE(cursor.seek_at_most("k3", "100001"));
  EXPECT_TRUE(cursor.previous_in_group());
  EXPECT_EQ(cursor.value(), "100000");
  EXPECT_FALSE(cursor.previous_in_group());
  ASSERT_TRUE(cursor.seek_group("k3"));
  EXPECT_EQ(cursor.group_size(), 1000U);
  std::size_t count = 1;
  while (cursor.next_in_group()) ++count;
  EXPECT_EQ(count, 1000U);
  ASSERT_TRUE(cursor.seek_group("k1"));
  EXPECT_FALSE(cursor.next_in_group());
  ASSERT_TRUE(cursor.seek_group("k1"));
  ASSERT_TRUE(cursor.next_key());
  EXPECT_EQ(cursor.key(), "k2");
  EXPECT_EQ(cursor.value(), "aaaaaa");
}

}  // namespace
}  // namespace pharos::test
