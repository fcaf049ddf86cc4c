#include "storage/txn.h"

#include <string>

#include <gtest/gtest.h>

#include "support/database.h"

namespace pharos::test {
namespace {

using storage::Cursor;
using storage::StorageError;
using storage::Table;

class TxnTest : public ::testing::Test {
 protected:
  storage::Dbi plain() const { return db_.tables()[Table::kv_misc]; }
  storage::WriteTxn write() { return std::move(db_.env().write().value()); }

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
  EXPECT_TRUE(txn.commit());
}

TEST_F(Txn, CorruptionThatIsFoundKeepsEverythingOut) {
  auto txn = write();
  txn.put(plain(), "a", "1");
  EXPECT_FALSE(txn.fail_corrupt());
  const auto committed = txn.commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().error, StorageError::corrupt);
  EXPECT_FALSE(db_.read().get(plain(), "a"));
}

TEST_F(Txn, CursorMovesBothWays) {
  {
    auto txn = write();
    for (const char* key : {"b", "d", "f"}) txn.put(plain(), key, std::string(1, key[0]));
    ASSERT_TRUE(txn.commit());
  }
  const auto txn = db_.read();
  Cursor cursor(txn, plain());
  ASSERT_TRUE(cursor.seek("c"));
  EXPECT_EQ(cursor.key(), "d");
  ASSERT_TRUE(cursor.previous());
  EXPECT_EQ(cursor.value(), "b");
  EXPECT_FALSE(cursor.previous());
  ASSERT_TRUE(cursor.last());
  EXPECT_EQ(cursor.key(), "f");
  EXPECT_FALSE(cursor.next());
  EXPECT_FALSE(cursor.seek("g"));
  EXPECT_FALSE(txn.failed());
}

}  // namespace
}  // namespace pharos::test
