#include "storage/kv_table.h"

#include <gtest/gtest.h>

#include "support/database.h"

namespace pharos::test {
namespace {

using storage::KvTable;

class KvTableTest : public ::testing::Test {
 protected:
  void put(KvTable table, std::initializer_list<std::pair<const char*, const char*>> entries) {
    auto txn = std::move(db_.env().write().value());
    for (const auto& [key, value] : entries) EXPECT_TRUE(kv_put(txn, table, key, value));
    ASSERT_TRUE(txn.commit());
  }
  std::vector<std::string> scan(std::string_view prefix, std::string_view from, std::size_t most = 100) {
    std::vector<std::string> keys;
    const auto txn = db_.read();
    kv_scan(txn, db_.tables(), KvTable::misc, prefix, from, [&](std::string_view key, std::string_view) {
      keys.emplace_back(key);
      return keys.size() < most;
    });
    return keys;
  }

  Database db_;
};

using KvTables = KvTableTest;

TEST_F(KvTables, AreApartFromOneAnother) {
  put(KvTable::misc, {{"a", "1"}});
  put(KvTable::document, {{"a", "2"}});
  const auto txn = db_.read();
  EXPECT_EQ(kv_get(txn, db_.tables(), KvTable::misc, "a"), "1");
  EXPECT_EQ(kv_get(txn, db_.tables(), KvTable::document, "a"), "2");
  EXPECT_FALSE(kv_get(txn, db_.tables(), KvTable::router_ledger, "a"));
}

TEST_F(KvTables, PutReplacesAndEraseRemoves) {
  put(KvTable::misc, {{"a", "1"}, {"a", "2"}, {"b", ""}});
  auto txn = std::move(db_.env().write().value());
  EXPECT_EQ(kv_get(txn, KvTable::misc, "a"), "2");
  EXPECT_EQ(kv_get(txn, KvTable::misc, "b"), "");
  EXPECT_TRUE(kv_erase(txn, KvTable::misc, "a"));
  EXPECT_TRUE(kv_erase(txn, KvTable::misc, "a"));
  EXPECT_FALSE(kv_get(txn, KvTable::misc, "a"));
}

TEST_F(KvTables, ScanGoesInOrderWithinAPrefix) {
  put(KvTable::misc, {{"b2", ""}, {"a", ""}, {"b1", ""}, {"b", ""}, {"b3", ""}, {"c", ""}});
  EXPECT_EQ(scan("b", ""), (std::vector<std::string>{"b", "b1", "b2", "b3"}));
  EXPECT_EQ(scan("b", "b2"), (std::vector<std::string>{"b2", "b3"}));
  EXPECT_EQ(scan("b", "b11"), (std::vector<std::string>{"b2", "b3"}));
  EXPECT_EQ(scan("b", "c"), (std::vector<std::string>{}));
  EXPECT_EQ(scan("b", "", 2), (std::vector<std::string>{"b", "b1"}));
  EXPECT_EQ(scan("", ""), (std::vector<std::string>{"a", "b", "b1", "b2", "b3", "c"}));
  EXPECT_EQ(scan("x", ""), (std::vector<std::string>{}));
  EXPECT_EQ(scan("", std::string(600, 'b')), (std::vector<std::string>{"c"}));
}

TEST_F(KvTables, KeysHaveALimit) {
  auto txn = std::move(db_.env().write().value());
  EXPECT_TRUE(kv_put(txn, KvTable::misc, std::string(storage::kMaxKvKeyBytes, 'k'), "1"));
  EXPECT_FALSE(kv_put(txn, KvTable::misc, std::string(storage::kMaxKvKeyBytes + 1, 'k'), "1"));
  EXPECT_FALSE(kv_put(txn, KvTable::misc, "", "1"));
  EXPECT_FALSE(kv_get(txn, KvTable::misc, std::string(1000, 'k')));
  EXPECT_TRUE(txn.commit());
}

}  // namespace
}  // namespace pharos::test
