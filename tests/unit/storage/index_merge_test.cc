#include "storage/index_merge.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "support/database.h"
#include "util/random.h"

namespace pharos::test {
namespace {

using storage::IndexCursor;
using storage::Key;
using storage::Posting;
using storage::PostingChange;
using storage::Table;

class IndexMerge : public ::testing::Test {
 protected:
  void merge(Table index, std::vector<PostingChange> changes) {
    std::ranges::sort(changes, std::less<>(), &PostingChange::posting);
    auto txn = std::move(db_.env().write().value());
    ASSERT_TRUE(storage::merge_postings(txn, index, changes));
    ASSERT_TRUE(txn.commit());
    for (const PostingChange& change : changes) {
      change.erased ? static_cast<void>(held_.erase(change.posting)) : static_cast<void>(held_.insert(change.posting));
    }
  }
  void expect_held(Table index) {
    const std::vector<Posting> expected(held_.begin(), held_.end());
    ASSERT_EQ(db_.postings(index), expected);
  }
  // Of the bytes that its blocks could hold.
  double fill(Table index) {
    double bytes = 0;
    const auto blocks = db_.dump(index);
    for (const auto& [key, value] : blocks) bytes += static_cast<double>(value.size());
    return bytes / static_cast<double>(blocks.size() * storage::kMaxBlockBytes);
  }
  Posting random_posting() {
    return {random_.below(2000), {static_cast<UnixSeconds>(random_.below(1000)), 7, 1 + random_.below(1'000'000)}};
  }

  Database db_;
  std::set<Posting> held_;
  SeededRandom random_{3};
};

TEST_F(IndexMerge, HoldsWhatASetHolds) {
  for (std::size_t round = 0; round < 60; ++round) {
    std::set<Posting> touched;
    std::vector<PostingChange> changes;
    const std::size_t size = 1 + random_.below(round % 3 == 0 ? 4000 : 30);
    for (std::size_t i = 0; i < size; ++i) {
      Posting posting = random_posting();
      const bool erased = random_.below(3) == 0 && !held_.empty();
      if (erased && random_.below(10) != 0) {
        const auto near = held_.lower_bound(posting);
        if (near != held_.end()) posting = *near;
      }
      if (touched.insert(posting).second) changes.push_back({posting, erased});
    }
    merge(Table::by_tag, changes);
    expect_held(Table::by_tag);
  }
}

TEST_F(IndexMerge, BecomesEmptyAndFillsAgain) {
  std::vector<PostingChange> changes;
  for (std::size_t i = 0; i < 3000; ++i) changes.push_back({{i, {0, 0, i + 1}}, false});
  merge(Table::by_id, changes);
  for (PostingChange& change : changes) change.erased = true;
  merge(Table::by_id, changes);
  EXPECT_TRUE(db_.dump(Table::by_id).empty());
  merge(Table::by_id, {{{5, {0, 0, 9}}, false}});
  expect_held(Table::by_id);
}

TEST_F(IndexMerge, StaysDenseWhereBatchesTouchMostBlocks) {
  for (std::size_t round = 0; round < 10; ++round) {
    std::vector<PostingChange> changes;
    for (std::size_t i = 0; i < 5000; ++i) changes.push_back({random_posting(), false});
    merge(Table::by_kind, changes);
  }
  EXPECT_GT(fill(Table::by_kind), 0.9);
}

TEST_F(IndexMerge, StaysDenseWhereOneKeyGrowsAtItsNewestEnd) {
  for (UnixSeconds batch = 0; batch < 20; ++batch) {
    std::vector<PostingChange> changes;
    for (UnixSeconds i = 0; i < 3000; ++i) {
      const UnixSeconds at = batch * 3000 + i;
      changes.push_back({{1, {at, 7, static_cast<storage::Seq>(at) + 1}}, false});
    }
    merge(Table::by_kind, changes);
  }
  expect_held(Table::by_kind);
  EXPECT_GT(fill(Table::by_kind), 0.85);
}

TEST_F(IndexMerge, LeavesNoBlockNearlyEmptyWhereBatchesAreSparse) {
  std::vector<PostingChange> changes;
  for (std::size_t i = 0; i < 20'000; ++i) changes.push_back({random_posting(), false});
  merge(Table::by_kind, changes);
  for (std::size_t round = 0; round < 300; ++round) {
    merge(Table::by_kind, {{random_posting(), false}, {random_posting(), false}});
  }
  expect_held(Table::by_kind);
  EXPECT_GT(fill(Table::by_kind), 0.5);
}

TEST_F(IndexMerge, RefusesToMergeIntoADamagedBlock) {
  merge(Table::by_kind, {{{1, {5, 5, 5}}, false}});
  auto txn = std::move(db_.env().write().value());
  txn.put(db_.tables()[Table::by_kind], db_.dump(Table::by_kind).front().first, "damaged");
  const PostingChange change{{1, {6, 6, 6}}};
  EXPECT_FALSE(storage::merge_postings(txn, Table::by_kind, {&change, 1}));
  EXPECT_EQ(txn.failure().error, storage::StorageError::corrupt);
}

TEST_F(IndexMerge, CursorFindsWhatASetFinds) {
  std::vector<PostingChange> changes;
  for (std::size_t i = 0; i < 5000; ++i) changes.push_back({random_posting(), false});
  merge(Table::by_tag, changes);
  const auto txn = db_.read();
  IndexCursor cursor(txn, db_.tables(), Table::by_tag);
  for (std::size_t i = 0; i < 5000; ++i) {
    const Posting at = i % 2 == 0 ? random_posting() : changes[i].posting;
    const auto expected = held_.lower_bound(at);
    ASSERT_EQ(cursor.seek(at), expected != held_.end());
    if (expected != held_.end()) {
      EXPECT_EQ(cursor.posting(), *expected);
    }
    const auto after = held_.upper_bound(at);
    ASSERT_EQ(cursor.seek_after(at), after != held_.end());
    if (after != held_.end()) {
      EXPECT_EQ(cursor.posting(), *after);
    }
    if (i % 7 == 0) {
      const Key key = random_.below(2100);
      auto last = held_.lower_bound(Posting{key + 1, {std::numeric_limits<UnixSeconds>::max(), 0, 0}});
      const bool there = last != held_.begin() && std::prev(last)->key == key;
      ASSERT_EQ(cursor.last_of(key), there ? std::optional(*std::prev(last)) : std::nullopt) << key;
    }
  }
}

}  // namespace
}  // namespace pharos::test
