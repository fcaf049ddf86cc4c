#include "storage/abridge.h"

#include <memory>

#include <gtest/gtest.h>

#include "nostr/event_json.h"
#include "support/database.h"
#include "support/random_events.h"
#include "unit/storage/memory_dictionary.h"

namespace pharos::test {
namespace {

using storage::abridge;
using std::literals::operator""sv;
using storage::encode_record;
using storage::EntryBytes;
using storage::RecordView;
using storage::verify_record;

class AbridgeTest : public ::testing::Test {
 protected:
  std::string abridged(const Event& event) const {
    std::string plain;
    encode_record(event, plain);
    std::string out;
    abridge(
        RecordView(1, as_bytes(plain)), [this](EntryBytes bytes) { return dictionary_.number_of(bytes); }, out);
    return out;
  }
  RecordView view(const std::string& bytes) const { return {1, as_bytes(bytes), &dictionary_}; }
  void learn(const Event& event) {
    for (const TagView tag : event.tags) {
      for (std::size_t i = 0; i < tag.size(); ++i) {
        const auto bytes = EventId::from_hex(tag[i]);
        if (bytes && !dictionary_.number_of(bytes->span())) dictionary_.add(bytes->span());
      }
    }
  }

  MemoryDictionary dictionary_;
};

TEST_F(AbridgeTest, AReferenceTakesTheRoomOfItsNumber) {
  const std::string author = public_key(1).hex();
  const Event event = make(1, 1000, {{"p", author}, {"p", author, "x"}, {"e", public_key(2).hex()}}, 0, "");
  const std::size_t plain = abridged(event).size();
  for (int i = 0; i < 200; ++i) dictionary_.add(EventId{{static_cast<std::uint8_t>(i)}}.span());
  dictionary_.add(public_key(1).span());
  // 33 bytes each become one of head and two of number; then the record is rounded up.
  EXPECT_NEAR(static_cast<double>(plain - abridged(event).size()), 2 * 30, storage::kRecordAlignment - 1);
}

TEST_F(AbridgeTest, WithoutNumbersARecordStaysAsItIs) {
  const Event event = make(1, 1000, {{"p", public_key(1).hex()}});
  std::string plain;
  encode_record(event, plain);
  EXPECT_EQ(abridged(event), plain);
}

TEST_F(AbridgeTest, RecordsGiveBackTheirEventsAndMatchAsTheyDo) {
  SeededRandom random(15);
  RandomEvents source(random, {});
  std::vector<Event> events;
  for (int i = 0; i < 500; ++i) {
    events.push_back(source.event());
    if (i % 2 == 0) learn(events.back());
  }
  std::vector<Filter> filters;
  for (int i = 0; i < 100; ++i) filters.push_back(source.filter());
  std::size_t shortened = 0;
  for (const Event& event : events) {
    const std::string bytes = abridged(event);
    ASSERT_TRUE(verify_record(as_bytes(bytes), &dictionary_));
    const RecordView record = view(bytes);
    ASSERT_TRUE(is_canonical(record));
    Event back;
    record.decode(back);
    ASSERT_EQ(back, event);
    std::string json;
    record.append_json(json);
    std::string expected;
    append_event_json(expected, event);
    ASSERT_EQ(json, expected);
    ASSERT_EQ(record.expires_at().has_value(), expiration(event).has_value());
    for (const Filter& filter : filters) ASSERT_EQ(record.matches(filter), matches(filter, event));
    std::string plain;
    encode_record(event, plain);
    shortened += bytes.size() < plain.size() ? 1 : 0;
  }
  EXPECT_GT(shortened, 50U);
}

TEST_F(AbridgeTest, AReferenceToNothingIsRefused) {
  dictionary_.add(public_key(1).span());
  const std::string bytes = abridged(make(1, 1000, {{"p", public_key(1).hex()}}));
  EXPECT_TRUE(verify_record(as_bytes(bytes), &dictionary_));
  EXPECT_FALSE(verify_record(as_bytes(bytes)));
  const MemoryDictionary empty;
  EXPECT_FALSE(verify_record(as_bytes(bytes), &empty));
  const RecordView blind(1, as_bytes(bytes));
  Event event;
  blind.decode(event);
  EXPECT_TRUE(blind.tags().next_tag());
}

TEST_F(AbridgeTest, OnlyTheFormThatIsWrittenIsCanonical) {
  dictionary_.add(public_key(1).span());
  std::string plain;
  encode_record(make(1, 1000, {{"p", public_key(1).hex()}}), plain);
  const auto passes = [&](std::string_view tags) {
    std::string bytes;
    encode_with_tags(RecordView(1, as_bytes(plain)), as_bytes(tags), bytes);
    EXPECT_TRUE(verify_record(as_bytes(bytes), &dictionary_));
    return is_canonical(view(bytes));
  };
  EXPECT_TRUE(passes("\x02\x02p\x01\x00"sv));
  EXPECT_TRUE(passes("\x02\x02p\x04zz"sv));
  EXPECT_FALSE(passes("\x02\x02p\x01\x80\x00"sv)) << "a number longer than it has to be";
  EXPECT_FALSE(
      passes("\x02\x02p\x04"
             "aa"sv))
      << "hex that was not packed";
  EXPECT_FALSE(passes("\x82\x00\x02p\x01\x00"sv)) << "a count longer than it has to be";
}

TEST_F(AbridgeTest, DamagedBytesAreRefusedOrReadInsideTheirBounds) {
  SeededRandom random(17);
  for (int i = 0; i < 5; ++i) dictionary_.add(public_key(static_cast<std::size_t>(i)).span());
  const std::string whole =
      abridged(make(1, 1000, {{"e", public_key(1).hex(), "relay", public_key(2).hex()}, {"p", public_key(3).hex()}}));
  std::size_t passed = 0;
  for (int i = 0; i < 10'000; ++i) {
    // A copy of the exact size shows a read beyond it to a sanitizer.
    std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[whole.size()]);
    std::copy_n(whole.begin(), whole.size(), copy.get());
    // Behind the fixed part, where damage is a matter of form.
    const std::size_t at = whole.size() - 1 - random.below(60);
    copy[at] = static_cast<std::uint8_t>(random.next_u64());
    const std::span<const std::uint8_t> bytes(copy.get(), whole.size());
    if (!verify_record(bytes, &dictionary_)) continue;
    ++passed;
    const RecordView record(1, bytes, &dictionary_);
    std::string json;
    record.append_json(json);
    is_canonical(record);
  }
  EXPECT_GT(passed, 100U);
  EXPECT_LT(passed, 10'000U);
}

}  // namespace
}  // namespace pharos::test
