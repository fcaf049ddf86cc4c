#include "storage/check.h"

#include <gtest/gtest.h>

#include "nostr/kind.h"
#include "storage/event_block_writer.h"
#include "storage/index_entries.h"
#include "storage/index_merge.h"
#include "storage/info.h"
#include "storage/keys.h"
#include "storage/migrations.h"
#include "support/database.h"
#include "util/bytes.h"

namespace pharos::test {
namespace {

using storage::CheckReport;
using storage::Contradiction;
using storage::Table;

// A small database in order, to be damaged in one place.
class CheckTest : public ::testing::Test {
 protected:
  CheckTest() {
    const Event gone = make(1, 900, {}, 0, "gone");
    db_.put_all({make(1, 1000, {{"e", public_key(5).hex()}, {"t", "x"}}), make(1, 1001, {{"t", "x"}}, 1),
                 make(kind::kProfile, 1002), make(30023, 1003, {{"d", "a"}}),
                 make(1, 1004, {{"expiration", std::to_string(kNow + 1000)}}), gone,
                 make(kind::kDeletion, 1005, {{"e", gone.id.hex()}})});
  }

  CheckReport check(storage::CheckOptions options = {}) {
    return storage::check_database(db_.read(), db_.tables(), options, {}).value();
  }
  std::uint64_t count(const CheckReport& report, Contradiction what) {
    return report.counts[static_cast<std::size_t>(what)];
  }
  template <class Damage>
  void damage(Damage&& damage) {
    auto txn = std::move(db_.env().write().value());
    damage(txn);
    ASSERT_TRUE(txn.commit());
  }

  void change(Table index, const std::vector<storage::PostingChange>& changes) {
    damage([&](storage::WriteTxn& txn) { storage::merge_postings(txn, index, changes); });
  }

  Database db_;
};

using Check = CheckTest;

TEST_F(Check, FindsNothingInADatabaseInOrder) {
  const CheckReport report = check();
  EXPECT_EQ(report.total(), 0U) << report.findings.front();
  EXPECT_EQ(report.events, 6U);
  EXPECT_EQ(report.tombstones, 1U);
}

TEST_F(Check, FindsAMissingEntryInEveryIndex) {
  for (const Table table : {Table::by_id, Table::by_time, Table::by_kind, Table::by_author, Table::by_author_kind,
                            Table::by_tag, Table::replaceable, Table::expiry}) {
    const storage::Posting posting = db_.postings(table).front();
    change(table, {{posting, true}});
    const CheckReport report = check();
    EXPECT_EQ(report.total(), 1U) << storage::spec(table).name;
    EXPECT_EQ(count(report, Contradiction::missing_entry), 1U);
    EXPECT_NE(report.findings.front().find(storage::spec(table).name), std::string::npos);
    change(table, {{posting, false}});
  }
  EXPECT_EQ(check().total(), 0U);
}

TEST_F(Check, FindsAStrayEntryInEveryIndexThoughAnotherIsMissing) {
  for (const Table table : {Table::by_id, Table::by_time, Table::by_kind, Table::by_author, Table::by_author_kind,
                            Table::by_tag, Table::replaceable, Table::expiry}) {
    const storage::Posting posting = db_.postings(table).front();
    storage::Posting other = posting;
    other.place.seq += 1000;  // the number of no event
    change(table, {{posting, true}, {other, false}});
    const CheckReport report = check();
    EXPECT_EQ(count(report, Contradiction::stray_entry), 1U) << storage::spec(table).name;
    EXPECT_EQ(count(report, Contradiction::missing_entry), 1U) << storage::spec(table).name;
    change(table, {{posting, false}, {other, true}});
  }
  EXPECT_EQ(check().total(), 0U);
}

TEST_F(Check, FindsARecordWithoutItsEvent) {
  const auto entry = db_.dump(Table::events).front();
  const storage::Seq gone = 2;
  std::string left;
  ASSERT_TRUE(storage::rewrite_without(entry.second, {&gone, 1}, 1, {}, left));
  damage([&](storage::WriteTxn& txn) { txn.put(db_.tables()[Table::events], entry.first, left); });
  const CheckReport report = check();
  // by_id, by_time, by_kind, by_author, by_author_kind and one tag.
  EXPECT_EQ(count(report, Contradiction::stray_entry), 6U);
  EXPECT_EQ(count(report, Contradiction::wrong_count), 1U);
}

TEST_F(Check, FindsADamagedRecord) {
  auto entry = db_.dump(Table::events).front();
  std::string& block = entry.second;
  const auto record = storage::EventBlockReader::parse(block)->record(1);
  const auto at = as_text(*record).data() - block.data();
  block.replace(static_cast<std::size_t>(at), 64, 64, '\xff');
  damage([&](storage::WriteTxn& txn) { txn.put(db_.tables()[Table::events], entry.first, entry.second); });
  EXPECT_EQ(count(check(), Contradiction::bad_record), 1U);
}

TEST_F(Check, FindsADamagedBlockOfEvents) {
  auto entry = db_.dump(Table::events).front();
  std::string& block = entry.second;
  block.pop_back();
  damage([&](storage::WriteTxn& txn) { txn.put(db_.tables()[Table::events], entry.first, entry.second); });
  const CheckReport report = check();
  EXPECT_EQ(count(report, Contradiction::bad_block), 1U);
  EXPECT_EQ(report.events, 0U);
}

TEST_F(Check, FindsADictionaryThatItsIndexDoesNotKnow) {
  const std::string named = public_key(9).hex();
  db_.put(make(1, 3000, {{"p", named}, {"p", named, "x"}, {"p", named, "y"}}));
  EXPECT_EQ(check().total(), 0U);
  const storage::Posting entry = db_.postings(Table::by_entry).front();
  change(Table::by_entry, {{entry, true}});
  EXPECT_EQ(count(check(), Contradiction::missing_entry), 1U);
  storage::Posting other = entry;
  other.place.seq = 7;
  change(Table::by_entry, {{entry, false}, {other, false}});
  EXPECT_EQ(count(check(), Contradiction::stray_entry), 1U);
}

TEST_F(Check, FindsAnEventThatItsIdDoesNotName) {
  Event event = make(1, 2000);
  event.content = "altered";
  db_.put(event);
  const CheckReport report = check();
  EXPECT_EQ(count(report, Contradiction::wrong_id), 1U);
  EXPECT_NE(report.findings.front().find(event.id.hex()), std::string::npos);
}

TEST_F(Check, LooksAtSignaturesWhenAsked) {
  Database signed_only;
  signed_only.put(signed_event({}));
  const storage::CheckOptions options{.signatures = true};
  EXPECT_EQ(storage::check_database(signed_only.read(), signed_only.tables(), options, {}).value().total(), 0U);
  // The events of this database are not signed.
  EXPECT_EQ(count(check(options), Contradiction::wrong_signature), 6U);
}

TEST_F(Check, FindsADeletedEventThatIsStored) {
  const Event event = make(1, 2000);
  db_.put(event);
  damage([&](storage::WriteTxn& txn) {
    txn.put(db_.tables()[Table::tombstones], storage::deleted_id_key(event.id, event.pubkey).view(), {});
  });
  EXPECT_EQ(count(check(), Contradiction::deleted_but_stored), 1U);
}

TEST_F(Check, FindsMalformedTombstonesAndKeys) {
  damage([&](storage::WriteTxn& txn) { txn.put(db_.tables()[Table::tombstones], "x", "y"); });
  EXPECT_EQ(count(check(), Contradiction::bad_key), 1U);
}

TEST_F(Check, FindsABlockThatIsDamagedOrUnderAnothersKey) {
  const auto [key, value] = db_.dump(Table::by_kind).front();
  const auto put = [&](std::string_view under, std::string_view bytes) {
    damage([&](storage::WriteTxn& txn) { txn.put(db_.tables()[Table::by_kind], under, bytes); });
  };
  put(key, std::string_view(value).substr(0, value.size() - 1));
  EXPECT_EQ(count(check(), Contradiction::bad_block), 1U);
  put(key, value);
  put(std::string(key.size(), '\xff'), value);
  EXPECT_EQ(count(check(), Contradiction::bad_block), 1U);
}

TEST_F(Check, FindsNumbersThatWereNeverGiven) {
  damage([&](storage::WriteTxn& txn) { storage::write_last_seq(txn, 3); });
  EXPECT_GE(count(check(), Contradiction::seq_beyond_last), 1U);
}

TEST_F(Check, FindsTheSameEventTwiceAndTwoVersionsOfAnAddress) {
  const Event profile = make(kind::kProfile, 1002);
  std::string bytes;
  storage::encode_record(profile, bytes);
  damage([&](storage::WriteTxn& txn) {
    std::vector<storage::IndexEntry> entries;
    storage::list_index_entries(storage::RecordView(50, as_bytes(bytes)), db_.tables().hash_key, entries);
    storage::EventBlockWriter writer({});
    writer.add(50, as_bytes(bytes));
    std::string block;
    writer.finish(1, block);
    txn.put(db_.tables()[Table::events], storage::EventKey(50).view(), block);
    storage::write_event_count(txn, 7);
    for (const auto& entry : entries) {
      const storage::PostingChange change{entry.posting};
      storage::merge_postings(txn, entry.table, {&change, 1});
    }
    storage::write_last_seq(txn, 50);
  });
  const CheckReport report = check();
  EXPECT_EQ(count(report, Contradiction::duplicate_id), 1U);
  EXPECT_EQ(count(report, Contradiction::duplicate_address), 1U);
  EXPECT_EQ(report.total(), 2U);
}

TEST_F(Check, ListsNoMoreThanAskedAndCountsOn) {
  for (const storage::Posting& posting : db_.postings(Table::by_time)) change(Table::by_time, {{posting, true}});
  const CheckReport report = check({.signatures = false, .max_listed = 2});
  EXPECT_EQ(report.findings.size(), 2U);
  EXPECT_EQ(report.total(), 6U);
}

TEST_F(Check, InfoGivesTheFiguresOfTheDatabase) {
  const storage::DatabaseInfo info = storage::read_info(db_.read(), db_.tables());
  EXPECT_EQ(info.events, 6U);
  EXPECT_EQ(info.tables[static_cast<std::size_t>(Table::by_time)].entries, 1U);
  EXPECT_EQ(info.last_seq, 7U);
  EXPECT_EQ(info.schema_version, storage::kSchemaVersion);
  EXPECT_EQ(info.map_size_bytes, kSmallMap);
  EXPECT_GT(info.used_bytes, 0U);
  EXPECT_GT(info.max_readers, 0U);
}

}  // namespace
}  // namespace pharos::test
