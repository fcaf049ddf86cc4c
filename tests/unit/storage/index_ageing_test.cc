#include "storage/index_ageing.h"

#include <future>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "storage/check.h"
#include "storage/index_merge.h"
#include "support/database.h"
#include "unit/storage/store_harness.h"
#include "util/random.h"

namespace pharos::test {
namespace {

using storage::IndexCursor;
using storage::LevelCursor;
using storage::Posting;
using storage::PostingChange;
using storage::Table;

class IndexAgeingTest : public ::testing::Test {
 protected:
  // As memtables bring it: what is erased is there, or was added once; a posting does not come again.
  std::vector<PostingChange> random_changes(std::size_t size) {
    std::set<Posting> touched;
    std::vector<PostingChange> changes;
    for (std::size_t i = 0; i < size; ++i) {
      const auto near = held_.lower_bound(random_posting(0));
      const bool erased = random_.below(3) == 0 && near != held_.end();
      const Posting posting = erased ? *near : random_posting(++last_seq_);
      if (touched.insert(posting).second) changes.push_back({posting, erased});
    }
    std::ranges::sort(changes, std::less<>(), &PostingChange::posting);
    return changes;
  }
  Posting random_posting(storage::Seq seq) {
    return {random_.below(3000), {static_cast<UnixSeconds>(random_.below(1000)), 7, seq}};
  }

  void merge(const std::vector<PostingChange>& changes) {
    auto txn = std::move(db_.env().write().value());
    ASSERT_TRUE(storage::merge_postings(txn, Table::by_tag, changes));
    ASSERT_TRUE(txn.commit());
    for (const PostingChange& change : changes) {
      change.erased ? static_cast<void>(held_.erase(change.posting)) : static_cast<void>(held_.insert(change.posting));
    }
  }
  std::size_t age(std::size_t most) {
    auto txn = std::move(db_.env().write().value());
    const std::size_t done = storage::age_postings(txn, Table::by_tag, most);
    EXPECT_TRUE(txn.commit());
    return done;
  }
  void expect_held() {
    const std::vector<Posting> expected(held_.begin(), held_.end());
    ASSERT_EQ(db_.postings(Table::by_tag), expected);
  }
  std::size_t blocks(Table level) { return db_.dump(level).size(); }
  std::vector<Posting> in_level(Table level) {
    std::vector<Posting> postings;
    const auto txn = db_.read();
    LevelCursor cursor(txn, db_.tables(), level);
    for (bool there = cursor.first(); there; there = cursor.next()) postings.push_back(cursor.posting());
    return postings;
  }

  Database db_;
  std::set<Posting> held_;
  storage::Seq last_seq_ = 0;
  SeededRandom random_{11};
};

TEST_F(IndexAgeingTest, BothLevelsTogetherHoldWhatASetHolds) {
  for (std::size_t round = 0; round < 60; ++round) {
    merge(random_changes(1 + random_.below(round % 3 == 0 ? 6000 : 40)));
    if (round % 2 == 0) age(1 + random_.below(12));
    expect_held();
  }
  EXPECT_GT(blocks(Table::by_tag), 0U);
  EXPECT_GT(blocks(Table::young_by_tag), 0U);
}

TEST_F(IndexAgeingTest, ACursorFindsWhatASetFinds) {
  for (std::size_t round = 0; round < 12; ++round) {
    merge(random_changes(3000));
    age(8);
  }
  const auto txn = db_.read();
  IndexCursor cursor(txn, db_.tables(), Table::by_tag);
  std::size_t erased = 0;
  const auto alive = [&](bool there) {
    for (; there && cursor.is_erased(); there = cursor.next()) ++erased;
    return there;
  };
  for (std::size_t i = 0; i < 5000; ++i) {
    const Posting at = random_posting(random_.below(last_seq_));
    auto expected = held_.lower_bound(at);
    ASSERT_EQ(alive(cursor.seek(at)), expected != held_.end());
    for (std::size_t steps = random_.below(30); expected != held_.end() && steps > 0; --steps) {
      ASSERT_EQ(cursor.posting(), *expected);
      ASSERT_EQ(alive(cursor.next()), ++expected != held_.end());
    }
    const auto after = held_.upper_bound(at);
    ASSERT_EQ(alive(cursor.seek_after(at)), after != held_.end());
    if (after != held_.end()) {
      EXPECT_EQ(cursor.posting(), *after);
    }
  }
  EXPECT_GT(erased, 0U);
}

TEST_F(IndexAgeingTest, GoesRoundUntilTheYoungLevelIsEmpty) {
  merge(random_changes(60'000));
  age(5);
  const auto left = in_level(Table::young_by_tag);
  ASSERT_GT(left.size(), 20'000U);
  ASSERT_GE(left.front().key, in_level(Table::by_tag).back().key) << "it takes the least keys first";
  merge(random_changes(30'000));
  age(5);
  EXPECT_LT(in_level(Table::young_by_tag).front().key, left.front().key) << "what came meanwhile waits for its turn";
  for (std::size_t round = 0; blocks(Table::young_by_tag) > 0; ++round) {
    ASSERT_LT(round, 100);
    age(5);
  }
  EXPECT_EQ(age(5), 0);
  expect_held();
}

TEST_F(IndexAgeingTest, WritesAsManyBlocksAsItIsToldToOrOnePostingsWorthMore) {
  for (std::size_t round = 0; round < 5; ++round) {
    merge(random_changes(50'000));
    while (blocks(Table::young_by_tag) > 0) age(1000);
  }
  ASSERT_GT(blocks(Table::by_tag), 250U);
  merge(random_changes(10'000));
  const std::size_t before = blocks(Table::young_by_tag);
  const std::size_t done = age(1);
  EXPECT_EQ(blocks(Table::young_by_tag), before - 1) << "no more than one block is taken for so little";
  EXPECT_GE(done, 1U);
  EXPECT_GE(age(60), 60U);
  EXPECT_GT(blocks(Table::young_by_tag), 0U);
}

TEST_F(IndexAgeingTest, CountsWhatItTakesWhereNothingIsWritten) {
  merge(random_changes(60'000));
  while (blocks(Table::young_by_tag) > 0) age(1000);
  std::vector<PostingChange> all;
  for (const Posting& posting : held_) all.push_back({posting, true});
  merge(all);
  const std::size_t before = blocks(Table::young_by_tag);
  ASSERT_GT(before, 60U);
  age(20);
  EXPECT_GT(blocks(Table::young_by_tag), before - 60);
}

TEST_F(IndexAgeingTest, AMarkGoesWithItsEntry) {
  const Posting posting{7, {5, 5, ++last_seq_}};
  merge({{posting, false}});
  age(10);
  merge({{posting, true}});
  EXPECT_EQ(in_level(Table::young_by_tag), std::vector<Posting>{storage::as_young({posting, true})});
  EXPECT_EQ(in_level(Table::by_tag), std::vector<Posting>{posting});
  expect_held();
  age(10);
  EXPECT_EQ(blocks(Table::young_by_tag), 0);
  EXPECT_EQ(blocks(Table::by_tag), 0);
}

TEST_F(IndexAgeingTest, WhatWasNeverOldLeavesNoMark) {
  const Posting posting{7, {5, 5, ++last_seq_}};
  merge({{posting, false}});
  merge({{posting, true}});
  EXPECT_EQ(blocks(Table::young_by_tag), 0);
}

TEST_F(IndexAgeingTest, ADamagedBlockFailsTheTransaction) {
  merge(random_changes(100));
  auto txn = std::move(db_.env().write().value());
  txn.put(txn.tables()[Table::young_by_tag], db_.dump(Table::young_by_tag).front().first, "damaged");
  EXPECT_EQ(storage::age_postings(txn, Table::by_tag, 10), 0U);
  EXPECT_EQ(txn.failure().error, storage::StorageError::corrupt);
}

TEST_F(IndexAgeingTest, ABlockThatDoesNotEndWithItsKeyFailsTheTransaction) {
  merge(random_changes(100));
  const auto [key, value] = db_.dump(Table::young_by_tag).front();
  auto txn = std::move(db_.env().write().value());
  txn.erase(txn.tables()[Table::young_by_tag], key);
  txn.put(txn.tables()[Table::young_by_tag], std::string(key.size(), '\x01'), value);
  EXPECT_EQ(storage::age_postings(txn, Table::by_tag, 10), 0U);
  EXPECT_EQ(txn.failure().error, storage::StorageError::corrupt);
}

const auto kGoOn = [] { return false; };

TEST(Ageing, WritesEachOldLevelForAsManyBlocksAsTheYoungOneHas) {
  Database db;
  SeededRandom random(5);
  std::size_t most = 0;
  for (std::size_t round = 0; round < 40; ++round) {
    std::vector<PostingChange> changes;
    for (std::size_t i = 0; i < 4000; ++i) {
      changes.push_back({{random.below(std::uint64_t{1} << 40U), {1, 1, 4000 * round + i + 1}}, false});
    }
    std::ranges::sort(changes, std::less<>(), &PostingChange::posting);
    auto txn = std::move(db.env().write().value());
    ASSERT_TRUE(storage::merge_postings(txn, Table::by_tag, changes));
    ASSERT_TRUE(txn.commit());
    const std::size_t young = db.dump(Table::young_by_tag).size();
    most = std::max(most, young);
    db.age();
    EXPECT_LT(db.dump(Table::young_by_tag).size(), young);
  }
  EXPECT_GT(db.dump(Table::by_tag).size(), 5 * most) << "the young level stays small";
}

TEST(Ageing, EndsWhenItIsToldTo) {
  Database db;
  db.age_at_once = false;
  db.put(make(1, 100, {{"t", "a"}}));
  EXPECT_TRUE(storage::age_indexes(db.env(), [] { return true; }));
  EXPECT_EQ(db.dump(Table::young_by_tag).size(), 1U);
}

TEST(Ageing, AnIndexThatFailsKeepsNoOtherFromGoingOn) {
  Database db;
  db.age_at_once = false;
  db.put(make(1, 100, {{"t", "a"}}));
  {
    auto txn = std::move(db.env().write().value());
    txn.put(txn.tables()[Table::young_by_id], db.dump(Table::young_by_id).front().first, "damaged");
    ASSERT_TRUE(txn.commit());
  }
  const auto aged = storage::age_indexes(db.env(), kGoOn);
  ASSERT_FALSE(aged);
  EXPECT_EQ(aged.error().error, storage::StorageError::corrupt);
  EXPECT_EQ(db.dump(Table::young_by_id).size(), 1U);
  EXPECT_TRUE(db.dump(Table::young_by_tag).empty());
  EXPECT_TRUE(db.dump(Table::young_by_author).empty());
}

TEST(Ageing, WhatStopsMergedIsMovedAtTheNextStart) {
  StoreHarness harness;
  for (std::size_t round = 0; round < 3; ++round) {
    ASSERT_EQ(harness.put(make(1, static_cast<UnixSeconds>(100 + round), {{"t", "a"}})), storage::PutOutcome::stored);
    harness.reopen();
    // The merger's thread has begun with it; an update comes after it.
    std::promise<std::size_t> young;
    harness.store().submit_update(
        [&](storage::WriteTxn& txn) {
          young.set_value(storage::Cursor(txn, txn.tables()[Table::young_by_tag]).first() ? 1 : 0);
          return true;
        },
        {});
    EXPECT_EQ(young.get_future().get(), 0U);
  }
}

TEST(Ageing, TheCheckFindsAMarkWithoutItsEntryAndAnEntryInBothLevels) {
  Database db;
  db.age_at_once = false;
  db.put(make(1, 100, {{"t", "a"}}));
  const auto contradictions = [&] {
    const auto txn = db.read();
    return storage::check_database(txn, db.tables(), {}, nullptr)
        .value()
        .counts[static_cast<std::size_t>(storage::Contradiction::stray_entry)];
  };
  ASSERT_EQ(contradictions(), 0);
  const Posting entry = db.postings(Table::by_tag).front();
  const auto change = [&](const PostingChange& what, bool old) {
    auto txn = std::move(db.env().write().value());
    if (old) {
      storage::merge_into_old_level(txn, Table::by_tag, {&what, 1});
    } else {
      storage::merge_postings(txn, Table::by_tag, {&what, 1});
    }
    ASSERT_TRUE(txn.commit());
  };
  change({{entry.key, {100, 9, 77}}, true}, false);
  EXPECT_EQ(contradictions(), 1);
  change({entry, false}, true);
  EXPECT_EQ(contradictions(), 2);
}

TEST(Ageing, TheCheckTakesNoMarkForAStrayWhereTheOldBlockIsDamaged) {
  Database db;
  db.age_at_once = false;
  db.put(make(1, 100, {{"t", "a"}, {"expiration", std::to_string(kNow + 5)}}));
  db.age();
  ASSERT_EQ(db.erase_expired(kNow + 10), 1U);
  ASSERT_FALSE(db.dump(Table::young_by_tag).empty());
  {
    auto txn = std::move(db.env().write().value());
    txn.put(txn.tables()[Table::by_tag], db.dump(Table::by_tag).front().first, "damaged");
    ASSERT_TRUE(txn.commit());
  }
  const auto txn = db.read();
  const auto report = storage::check_database(txn, db.tables(), {}, nullptr).value();
  EXPECT_EQ(report.counts[static_cast<std::size_t>(storage::Contradiction::bad_block)], 1U);
  EXPECT_EQ(report.counts[static_cast<std::size_t>(storage::Contradiction::stray_entry)], 0U);
}

}  // namespace
}  // namespace pharos::test
