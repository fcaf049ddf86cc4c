#include "storage/index_entries.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "nostr/kind.h"
#include "storage/check.h"
#include "support/database.h"
#include "support/random_events.h"
#include "util/bytes.h"

namespace pharos::test {
namespace {

using storage::IndexEntry;
using storage::Table;

std::map<Table, int> count_by_table(const Event& event) {
  std::string bytes;
  storage::encode_record(event, bytes);
  std::vector<IndexEntry> entries;
  storage::list_index_entries(storage::RecordView(1, as_bytes(bytes)), {}, entries);
  std::map<Table, int> counts;
  for (const IndexEntry& entry : entries) ++counts[entry.table];
  return counts;
}

TEST(IndexEntries, EveryEventIsFoundByIdTimeKindAndAuthor) {
  EXPECT_EQ(count_by_table(make(1, 1000)), (std::map<Table, int>{{Table::by_id, 1},
                                                                 {Table::by_time, 1},
                                                                 {Table::by_kind, 1},
                                                                 {Table::by_author, 1},
                                                                 {Table::by_author_kind, 1}}));
}

TEST(IndexEntries, TagsOfOneLetterAreIndexedByFirstValueOnce) {
  const Event event = make(1, 1000,
                           {{"e", "x", "y"},
                            {"e", "x", "z"},
                            {"E", "x"},
                            {"e", "y"},
                            {"t", ""},
                            {"t"},
                            {"tt", "x"},
                            {"-", "x"},
                            {"1", "x"},
                            {"", "x"},
                            {"\xc3\xa9", "x"},
                            {}});
  EXPECT_EQ(count_by_table(event)[Table::by_tag], 4);
}

TEST(IndexEntries, ReplaceableAndExpiringEventsHaveTheirOwn) {
  EXPECT_EQ(count_by_table(make(kind::kProfile, 1000))[Table::replaceable], 1);
  EXPECT_EQ(count_by_table(make(30023, 1000))[Table::replaceable], 1);
  EXPECT_EQ(count_by_table(make(1, 1000, {{"expiration", "5000"}}))[Table::expiry], 1);
}

TEST(IndexEntries, ErasingEveryEventLeavesNothingBehind) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    Database db;
    SeededRandom random(seed);
    EventShape shape;
    shape.deletion_percent = 0;
    std::erase(shape.kinds, kind::kDeletion);
    RandomEvents source(random, shape);
    std::vector<Event> events;
    while (events.size() < 400) {
      // A moment for everything to go at; an expiration that cannot be read would hide it.
      Event event = source.event();
      if (!expiration(event)) event.tags.add({"expiration", std::to_string(kNow + 5)});
      if (expiration(event)) events.push_back(std::move(event));
    }
    for (std::size_t i = 0; i < events.size(); i += 40) {
      db.put_all(
          {events.begin() + static_cast<std::ptrdiff_t>(i), events.begin() + static_cast<std::ptrdiff_t>(i) + 40},
          shape.start);
    }
    ASSERT_GT(db.merged().size(), 100U);
    while (db.erase_expired(INT64_MAX, 37) > 0) {
    }
    db.age();
    for (const Table table : {Table::events, Table::by_id, Table::by_time, Table::by_kind, Table::by_author,
                              Table::by_author_kind, Table::by_tag, Table::replaceable, Table::expiry}) {
      EXPECT_TRUE(db.dump(table).empty()) << storage::spec(table).name;
      const auto young = storage::young_level(table);
      EXPECT_TRUE(!young || db.dump(*young).empty()) << storage::spec(table).name;
    }
  }
}

TEST(IndexEntries, RandomReplacementsAndDeletionsLeaveTheTablesInAgreement) {
  for (const std::uint64_t seed : {4U, 5U, 6U}) {
    Database db;
    SeededRandom random(seed);
    EventShape shape;
    shape.deletion_percent = 30;
    RandomEvents source(random, shape);
    UnixSeconds now = shape.start;
    for (int batch = 0; batch < 40; ++batch) {
      std::vector<Event> events;
      for (std::uint64_t n = 1 + random.below(40); n-- > 0;) events.push_back(source.event());
      db.put_all(events, now);
      now += 2;
      db.erase_expired(now, 5);
    }
    const auto txn = db.read();
    storage::CheckReport report = storage::check_database(txn, db.tables(), {}, {}).value();
    // The random ids are not hashes.
    report.counts[static_cast<std::size_t>(storage::Contradiction::wrong_id)] = 0;
    EXPECT_EQ(report.total(), 0U) << (report.findings.empty() ? "" : report.findings.front());
    EXPECT_GT(report.events, 20U);
  }
}

}  // namespace
}  // namespace pharos::test
