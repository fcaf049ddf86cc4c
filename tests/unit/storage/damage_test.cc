// What a store does where a block in its database does not follow its grammar.
#include <future>

#include <gtest/gtest.h>

#include "storage/dictionary_table.h"
#include "storage/keys.h"
#include "storage/query.h"
#include "storage/record.h"
#include "storage/snapshot.h"
#include "unit/storage/store_harness.h"

namespace pharos::test {
namespace {

using storage::PutOutcome;
using storage::SliceEnd;
using storage::Table;

class DamageTest : public ::testing::Test {
 protected:
  // Stored and merged.
  Event stored(const TagList& tags) {
    const Event event = unsigned_event({1, "note", tags, 1'700'000'000, made_});
    ++made_;
    EXPECT_EQ(harness_.put(event), PutOutcome::stored);
    return event;
  }
  void merge() { harness_.reopen(); }

  // Replaces the last value of the table.
  void overwrite(Table table, const std::string& value) {
    std::promise<bool> done;
    harness_.store().submit_update(
        [&](storage::WriteTxn& txn) {
          std::string key;
          {
            storage::Cursor cursor(txn, txn.tables()[table]);
            if (!cursor.last()) return false;
            key = cursor.key();
          }
          return txn.put(txn.tables()[table], key, value);
        },
        [&](bool applied) { done.set_value(applied); });
    ASSERT_TRUE(done.get_future().get());
  }
  // A head that tells of more than there is.
  static std::string bad_block() { return {'\x01', '\0', '\x05', '\xff', '\xff', '\xff'}; }

  SliceEnd query(const std::string& filter) {
    const SystemClock clock;
    storage::Query query({parse_filter(filter).value()}, {});
    TimeBudget budget(clock, std::chrono::seconds(10), 10'000);
    return query.run_slice(harness_.store(), 1'800'000'000, budget, [](const storage::RecordView& record) {
      std::string json;
      record.append_json(json);
      return true;
    });
  }

  StoreHarness harness_;
  std::size_t made_ = 0;
};

TEST_F(DamageTest, ADamagedIndexFailsTheQueryInsteadOfEndingIt) {
  stored({{"t", "x"}});
  merge();
  ASSERT_EQ(query(R"({"kinds":[1]})"), SliceEnd::finished);
  overwrite(Table::by_kind, bad_block());
  EXPECT_EQ(query(R"({"kinds":[1]})"), SliceEnd::failed);
  EXPECT_EQ(query(R"({"#t":["x"]})"), SliceEnd::finished) << "what is whole can be read";
}

TEST_F(DamageTest, NothingIsStoredWhereItIsUnknownWhetherItIsThere) {
  const Event known = stored({});
  merge();
  overwrite(Table::by_id, bad_block());
  EXPECT_EQ(harness_.put(known), PutOutcome::failed_io);
  const auto snapshot = harness_.store().snapshot();
  EXPECT_EQ(snapshot.value().find(known.id), std::nullopt);
  EXPECT_TRUE(snapshot.value().failed());
}

TEST_F(DamageTest, AMissingEntryOfTheDictionaryFailsTheQuery) {
  const std::string author(64, 'a');
  for (int i = 0; i < 5; ++i) stored({{"p", author}});
  merge();
  ASSERT_EQ(query(R"({"kinds":[1]})"), SliceEnd::finished);
  overwrite(Table::dictionary, "");
  EXPECT_EQ(query(R"({"kinds":[1]})"), SliceEnd::failed);
}

}  // namespace
}  // namespace pharos::test
