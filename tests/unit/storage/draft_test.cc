#include "storage/draft.h"

#include <map>
#include <memory_resource>

#include <gtest/gtest.h>

#include "support/database.h"
#include "support/random_events.h"
#include "util/bytes.h"
#include "util/random.h"

namespace pharos::test {
namespace {

using storage::Table;

TEST(Draft, HoldsTheRecordAndTheEntriesThatTheWriterWouldMake) {
  SeededRandom random(1);
  RandomEvents events(random, {});
  std::pmr::monotonic_buffer_resource memory;
  const SipKey key{1, 2};
  for (int i = 0; i < 200; ++i) {
    const Event event = events.event();
    const storage::Draft draft = storage::draft_event(event, key, memory);
    std::string record;
    storage::encode_record(event, record);
    ASSERT_EQ(as_text(draft.record), record);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(draft.record.data()) % storage::kRecordAlignment, 0U);
    std::vector<storage::IndexEntry> entries;
    storage::list_index_entries(storage::RecordView(0, as_bytes(record)), key, entries);
    ASSERT_EQ(std::vector(draft.entries.begin(), draft.entries.end()), entries);
  }
}

using Dump = std::map<std::string, std::vector<std::pair<std::string, std::string>>>;

// The tables after some commits of colliding events, their deletions and expiry, merged memtable by memtable.
Dump tables_after(Database& db, std::uint64_t seed, bool ahead) {
  db.clear();
  db.merge_at_once = false;
  db.ahead = ahead;
  SeededRandom random(seed);
  RandomEvents events(random, {});
  for (int memtable = 0; memtable < 5; ++memtable) {
    for (int commit = 0; commit < 20; ++commit) {
      std::vector<Event> some;
      for (int i = 0; i < 10; ++i) some.push_back(events.event());
      commit % 7 == 3 ? db.put_in_vain(some) : static_cast<void>(db.put_all(some));
    }
    db.erase_expired(kNow + memtable, 3);
    memtable % 2 == 0 ? db.freeze() : db.merge();
  }
  db.merge();
  Dump dump;
  for (const storage::TableSpec& table : storage::kTableSpecs) {
    if (table.table != Table::meta) dump[table.name] = db.dump(table.table);
  }
  return dump;
}

TEST(Draft, LeadsToTheSameTables) {
  Database db;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Dump expected = tables_after(db, seed, false);
    ASSERT_FALSE(expected.at("by_tag").empty() && expected.at("young_by_tag").empty());
    for (const auto& [table, entries] : tables_after(db, seed, true)) {
      EXPECT_EQ(entries, expected.at(table)) << table << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace pharos::test
