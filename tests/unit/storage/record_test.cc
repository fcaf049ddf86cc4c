#include "storage/record.h"

#include <cstdlib>
#include <fstream>
#include <memory>

#include <gtest/gtest.h>

#include "nostr/event_json.h"
#include "support/database.h"
#include "support/random_events.h"
#include "support/real_data.h"
#include "util/bytes.h"

namespace pharos::test {
namespace {

using storage::encode_record;
using storage::RecordView;
using storage::verify_record;

std::string json_of(const Event& event) {
  std::string out;
  append_event_json(out, event);
  return out;
}

void expect_round_trip(const Event& event) {
  std::string bytes;
  encode_record(event, bytes);
  ASSERT_EQ(bytes.size() % storage::kRecordAlignment, 0U);
  ASSERT_TRUE(verify_record(as_bytes(bytes)));
  const RecordView record(1, as_bytes(bytes));
  Event back;
  record.decode(back);
  EXPECT_EQ(back, event);
  std::string json = "kept";
  record.append_json(json);
  EXPECT_EQ(json, "kept" + json_of(event));
  std::optional<UnixSeconds> expires_at = expiration(event);
  if (expires_at == 0) expires_at = 1;
  EXPECT_EQ(record.expires_at(), expires_at);
}

TEST(Record, GivesBackTheEvent) {
  expect_round_trip(make(1, 0, {}, 0, ""));
  expect_round_trip(make(65535, kMaxCreatedAt, {{}, {""}, {"e"}}, 1, "\"\\\n\x01\x7f\xe2\x80\xa8"));
  expect_round_trip(make(1, 1000, {{"expiration", "5000"}, {"p", public_key(2).hex(), "x\ty"}}, 2));
  expect_round_trip(make(1, 1000, {{"expiration", "0"}}));
}

TEST(Record, GivesBackRandomEvents) {
  SeededRandom random(5);
  RandomEvents events(random, {});
  for (int i = 0; i < 2000; ++i) expect_round_trip(events.event());
}

TEST(Record, GivesBackRealEventsByteByByte) {
  const auto path = testing::real_data("real-events.jsonl");
  if (!path) GTEST_SKIP() << "no recorded events here";
  std::ifstream file(*path);
  std::string line;
  Event event;
  std::string bytes;
  std::string json;
  std::size_t lines = 0;
  while (std::getline(file, line)) {
    ASSERT_TRUE(parse_event(line, event));
    encode_record(event, bytes);
    json.clear();
    RecordView(1, as_bytes(bytes)).append_json(json);
    ASSERT_EQ(json, line);
    ++lines;
  }
  EXPECT_GT(lines, 1000U);
}

TEST(Record, MatchesAsTheEventDoes) {
  SeededRandom random(6);
  RandomEvents source(random, {});
  std::vector<Filter> filters;
  for (int i = 0; i < 200; ++i) filters.push_back(source.filter());
  std::size_t matched = 0;
  std::string bytes;
  for (int i = 0; i < 500; ++i) {
    const Event event = source.event();
    encode_record(event, bytes);
    const RecordView record(1, as_bytes(bytes));
    for (const Filter& filter : filters) {
      ASSERT_EQ(record.matches(filter), matches(filter, event)) << json_of(event);
      matched += record.matches(filter) ? 1 : 0;
    }
  }
  EXPECT_GT(matched, 100U);
}

TEST(Record, HexThatAFilterNamesIsFoundThoughItIsPacked) {
  std::string bytes;
  encode_record(make(1, 1000, {{"t", "cafe"}, {"t", "CAFE"}}), bytes);
  const RecordView record(1, as_bytes(bytes));
  for (const auto& [value, expected] : {std::pair("cafe", true), {"CAFE", true}, {"\xca\xfe", false}, {"caf", false}}) {
    Filter filter;
    filter.tags.push_back({'t', {value}});
    EXPECT_EQ(record.matches(filter), expected) << value;
  }
}

TEST(Record, DamagedBytesAreRefusedOrReadInsideTheirBounds) {
  SeededRandom random(7);
  std::string whole;
  encode_record(make(1, 1000, {{"e", public_key(1).hex(), "relay"}, {"expiration", "9999999999"}}, 0, "some content"),
                whole);
  std::size_t passed = 0;
  for (int i = 0; i < 20'000; ++i) {
    // malloc() aligns; a copy of the exact size shows a read beyond it to a sanitizer.
    const std::size_t size = random.below(8) == 0 ? random.below(whole.size() / 8) * 8 : whole.size();
    std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[size]);
    std::copy_n(whole.begin(), size, copy.get());
    for (std::uint64_t n = 1 + random.below(3); n-- > 0 && size > 0;) {
      copy[random.below(size)] = static_cast<std::uint8_t>(random.next_u64());
    }
    const std::span<const std::uint8_t> bytes(copy.get(), size);
    if (!verify_record(bytes)) continue;
    ++passed;
    Event event;
    std::string json;
    RecordView(1, bytes).decode(event);
    RecordView(1, bytes).append_json(json);
  }
  // Most bytes of a record are id, key and signature, where damage is not a matter of form.
  EXPECT_GT(passed, 1000U);
  EXPECT_LT(passed, 20'000U);
}

TEST(Record, UnalignedBytesAreRefused) {
  std::string bytes(1, ' ');
  std::string record;
  encode_record(make(1, 1000), record);
  bytes += record;
  EXPECT_FALSE(verify_record(as_bytes(bytes).subspan(1)));
}

TEST(Record, LiesAlignedInTheDatabaseWhateverIsErasedAroundIt) {
  Database db;
  SeededRandom random(8);
  RandomEvents source(random, {});
  for (int round = 0; round < 20; ++round) {
    std::vector<Event> events;
    for (int i = 0; i < 40; ++i) {
      events.push_back(source.event());
      events.back().content.append(random.below(20) == 0 ? random.below(9000) : random.below(300), 'c');
    }
    db.put_all(events);
    const auto txn = db.read();
    storage::StoredEvents held(txn, db.tables());
    for (auto record = held.at_or_after(1); record; record = held.at_or_after(record->seq() + 1)) {
      ASSERT_TRUE(verify_record(record->bytes(), &held.dictionary()));
    }
  }
}

}  // namespace
}  // namespace pharos::test
