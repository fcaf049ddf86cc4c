#include "relay/neg_bucket_reader.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "support/database.h"
#include "util/random.h"

namespace pharos::relay {
namespace {

using storage::SliceEnd;
using test::make;

class NegBucketReaderTest : public ::testing::Test {
 protected:
  // That many of a second, in one commit.
  void put(std::size_t n, UnixSeconds at, Kind kind = 1) {
    std::vector<Event> events;
    for (std::size_t i = 0; i < n; ++i) {
      const Event& event = events.emplace_back(make(kind, at, {}, 0, std::to_string(i)));
      if (kind == 1) items_.push_back({at, event.id});
    }
    db_.put_all(events);
    std::ranges::sort(items_);
  }
  // The bucket from one item to before another, as it should be.
  NegTree::Held bucket(std::size_t begin, std::size_t end) const {
    NegTree::Held held;
    if (begin > 0) held.bucket.first = items_[begin];
    if (end < items_.size()) held.end = items_[end];
    held.bucket.count = end - begin;
    for (std::size_t i = begin; i < end; ++i) held.bucket.sum += items_[i].id;
    return held;
  }
  std::vector<NegItem> items(std::size_t begin, std::size_t end) const {
    return {items_.begin() + static_cast<std::ptrdiff_t>(begin), items_.begin() + static_cast<std::ptrdiff_t>(end)};
  }
  SliceEnd read(NegBucketReader& reader, std::size_t slice = 1'000'000) {
    for (slices_ = 1;; ++slices_) {
      TimeBudget budget(clock_, std::chrono::hours(1), slice);
      const SliceEnd end = reader.run_slice(db_.store(), budget);
      if (end != SliceEnd::more) return end;
    }
  }
  NegBucketReader reader_of(const NegTree::Held& held, UnixSeconds now = test::kNow) {
    return {source_, held, 1'000'000, now};
  }

  test::Database db_;
  ManualClock clock_{test::kNow};
  std::shared_ptr<NegSource> source_ = [] {
    auto source = std::make_shared<NegSource>();
    source->visible = [](const storage::RecordView& record) { return record.kind() == 1; };
    return source;
  }();
  std::vector<NegItem> items_;
  std::size_t slices_ = 0;
};

TEST_F(NegBucketReaderTest, ReadsWhatStandsBetweenAnyTwoItems) {
  db_.merge_at_once = false;
  put(40, 1000);
  put(3, 1001);
  db_.freeze();
  db_.merge();
  put(1, 1002);
  put(40, 1005);
  put(10, 1005, 7);
  SeededRandom random(5);
  for (int round = 0; round < 200; ++round) {
    const std::size_t begin = random.below(items_.size());
    const std::size_t end = begin + random.below(items_.size() - begin + 1);
    NegBucketReader reader = reader_of(bucket(begin, end));
    EXPECT_EQ(read(reader, 1 + random.below(20)), SliceEnd::finished);
    EXPECT_EQ(reader.items(), items(begin, end));
  }
}

TEST_F(NegBucketReaderTest, PassesOverTheRestOfACrowdedSecond) {
  for (const bool merged : {false, true}) {
    db_.merge_at_once = merged;
    put(1'000, merged ? 1000 : 2000);
    put(1'000, merged ? 1001 : 2001);
  }
  // Within a second, and from the end of one to the beginning of the next.
  for (const std::size_t begin : {450U, 950U, 2'450U, 2'950U}) {
    NegBucketReader reader = reader_of(bucket(begin, begin + 100));
    EXPECT_EQ(read(reader), SliceEnd::finished);
    EXPECT_EQ(reader.items(), items(begin, begin + 100));
    EXPECT_LE(reader.scanned(), 103U) << begin;
  }
}

TEST_F(NegBucketReaderTest, IsReadInSlices) {
  put(200, 1000);
  NegBucketReader reader = reader_of(bucket(0, 200));
  EXPECT_EQ(read(reader, 10), SliceEnd::finished);
  EXPECT_GE(slices_, 20U);
  EXPECT_EQ(reader.items(), items(0, 200));
}

TEST_F(NegBucketReaderTest, FailsWhereTheBucketIsAnother) {
  put(100, 1000);
  NegTree::Held fewer = bucket(0, 100);
  fewer.bucket.count = 3;
  NegBucketReader reader = reader_of(fewer);
  EXPECT_EQ(read(reader), SliceEnd::failed);
  EXPECT_LE(reader.scanned(), 5U) << "it stops where there are more";
  NegTree::Held more = bucket(0, 100);
  ++more.bucket.count;
  NegBucketReader lacking = reader_of(more);
  EXPECT_EQ(read(lacking), SliceEnd::failed);
  NegTree::Held others = bucket(0, 100);
  others.bucket.sum += items_[7].id;
  NegBucketReader wrong = reader_of(others);
  EXPECT_EQ(read(wrong), SliceEnd::failed);
}

TEST_F(NegBucketReaderTest, AnEmptyBucketIsNotRead) {
  put(10, 1000);
  NegTree::Held empty = bucket(3, 3);
  NegBucketReader reader = reader_of(empty);
  EXPECT_EQ(read(reader), SliceEnd::finished);
  EXPECT_EQ(reader.scanned(), 0U);
}

}  // namespace
}  // namespace pharos::relay
