#include "storage/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/keys.h"
#include "unit/storage/bare_store.h"
#include "util/clock.h"

namespace pharos::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kPlenty = 1'000'000;

struct Answer {
  std::vector<Seq> seqs;
  SliceEnd end = SliceEnd::more;
  std::size_t slices = 0;
};

EventId numbered_id(std::uint64_t n) {
  EventId id;
  for (std::size_t i = 0; i < 8; ++i) id.data[i] = static_cast<std::uint8_t>(n >> (8 * (7 - i)));
  return id;
}

PublicKey author(std::uint8_t n) {
  PublicKey key;
  key.data.fill(n);
  return key;
}

Event note(std::uint64_t id, std::uint8_t who, UnixSeconds at, Kind kind = 1, TagList tags = {}) {
  Event event;
  event.id = numbered_id(id);
  event.pubkey = author(who);
  event.created_at = at;
  event.kind = kind;
  event.tags = std::move(tags);
  return event;
}

class Queries : public ::testing::Test {
 protected:
  // Slices of `records` each until the end; `between` runs after each slice.
  Answer run(
      Query query, std::size_t records = kPlenty, const std::function<void()>& between = [] {}) {
    Answer answer;
    while (answer.end == SliceEnd::more && answer.slices < 10'000) {
      TimeBudget budget(clock_, std::chrono::seconds(1), records);
      answer.end = query.run_slice(store_, clock_.unix_now(), budget, [&](const RecordView& record) {
        answer.seqs.push_back(record.seq());
        return true;
      });
      ++answer.slices;
      between();
    }
    return answer;
  }
  std::vector<Seq> ask(std::vector<Filter> filters, const QueryOptions& options = {}) {
    const Answer answer = run(Query(std::move(filters), options));
    EXPECT_EQ(answer.end, SliceEnd::finished);
    return answer.seqs;
  }

  test::BareStore store_;
  ManualClock clock_;
};

TEST_F(Queries, GivesTheNewestFirstAndTiesByAscendingId) {
  const Seq older = store_.put(note(9, 1, 10));
  const Seq tie_high = store_.put(note(8, 1, 20));
  const Seq tie_low = store_.put(note(7, 2, 20));
  EXPECT_THAT(ask({Filter{}}), ElementsAre(tie_low, tie_high, older));
}

TEST_F(Queries, KnowsWhetherItGaveEveryMatch) {
  std::vector<EventId> ids;
  for (std::uint8_t i = 1; i <= 4; ++i) {
    ids.push_back(note(i, 1, 10 + i).id);
    store_.put(note(i, 1, 10 + i));
  }
  const auto gives_all = [&](Filter filter, std::optional<std::size_t> limit, std::size_t max_limit = 500) {
    filter.limit = limit;
    QueryOptions options;
    options.max_limit = max_limit;
    Query query({std::move(filter)}, options);
    EXPECT_FALSE(query.gave_all());
    TimeBudget budget(clock_, std::chrono::seconds(1), kPlenty);
    EXPECT_EQ(query.run_slice(store_, 0, budget, [](const RecordView&) { return true; }), SliceEnd::finished);
    return query.gave_all();
  };
  EXPECT_TRUE(gives_all({}, std::nullopt));
  EXPECT_TRUE(gives_all({}, 5));
  EXPECT_FALSE(gives_all({}, 4)) << "there may be a fifth";
  EXPECT_FALSE(gives_all({}, 0));
  EXPECT_FALSE(gives_all({}, 9, 3));
  Filter by_ids;
  by_ids.ids = {{ids[0], ids[1]}};
  EXPECT_TRUE(gives_all(by_ids, 2)) << "there is one event an id";
  EXPECT_FALSE(gives_all(by_ids, 1));
  Filter nothing;
  nothing.kinds.emplace();
  EXPECT_TRUE(gives_all(nothing, std::nullopt));
}

// Or its date could be found out by asking.
TEST_F(Queries, WhatIsHiddenSaysNothingAboutWhatWasGiven) {
  const Event hidden = note(9, 1, 10);
  const Event seen = note(1, 1, 20);
  store_.put(seen);
  const auto gives_all = [&](const Filter& filter) {
    QueryOptions options;
    options.default_limit = 1;
    options.rest_of_second = 5;
    options.visible = [&](const RecordView& record) { return record.id() != hidden.id; };
    Query query({filter}, options);
    TimeBudget budget(clock_, std::chrono::seconds(1), kPlenty);
    EXPECT_EQ(query.run_slice(store_, 0, budget, [](const RecordView&) { return true; }), SliceEnd::finished);
    return query.gave_all();
  };
  Filter by_ids;
  by_ids.ids = {{seen.id, hidden.id}};
  by_ids.limit = 1;
  EXPECT_TRUE(gives_all({}));
  EXPECT_FALSE(gives_all(by_ids));
  store_.put(hidden);
  EXPECT_TRUE(gives_all({}));
  EXPECT_FALSE(gives_all(by_ids));
}

TEST_F(Queries, ACapOfOursEndsAfterTheSecondInWhichItIsReached) {
  std::vector<Seq> second;
  for (std::uint8_t i = 1; i <= 6; ++i) second.push_back(store_.put(note(i, 1, 20)));
  store_.put(note(9, 1, 10));
  QueryOptions options;
  options.max_limit = 2;
  options.default_limit = 2;
  EXPECT_EQ(ask({Filter{}}, options).size(), 2U);
  options.rest_of_second = 100;
  EXPECT_EQ(ask({Filter{}}, options), second);
  Filter asked;
  asked.limit = 2;
  EXPECT_EQ(ask({asked}, options).size(), 2U) << "a limit that the client wants is kept";
  asked.limit = 3;
  EXPECT_EQ(ask({asked}, options).size(), 3U);
  options.rest_of_second = 3;
  EXPECT_EQ(ask({Filter{}}, options).size(), 5U);
}

TEST_F(Queries, MergesManyValuesUnderOneLimit) {
  std::vector<Seq> newest;
  for (std::uint8_t who = 1; who <= 100; ++who) {
    for (UnixSeconds i = 0; i < 3; ++i) {
      const Seq seq = store_.put(note(who * 10U + static_cast<unsigned>(i), who, 1000 + who * 3 + i));
      if (who == 100) newest.insert(newest.begin(), seq);
    }
  }
  Filter filter;
  filter.authors.emplace();
  for (std::uint8_t who = 1; who <= 100; ++who) filter.authors->push_back(author(who));
  filter.limit = 3;
  EXPECT_EQ(ask({filter}), newest);
  filter.kinds = {{1, 6}};
  EXPECT_EQ(ask({filter}), newest);
}

TEST_F(Queries, ReadsFewRecordsForFewAnswersOutOfManyStreams) {
  for (std::uint8_t who = 1; who <= 200; ++who) {
    for (std::uint64_t i = 0; i < 5; ++i) store_.put(note(who * 10U + i, who, 1000 + who));
  }
  Filter filter;
  filter.authors.emplace();
  for (std::uint8_t who = 1; who <= 100; ++who) filter.authors->push_back(author(who));
  filter.limit = 10;
  Query query({filter}, {});
  TimeBudget budget(clock_, std::chrono::seconds(1), kPlenty);
  std::size_t given = 0;
  EXPECT_EQ(query.run_slice(store_, 0, budget, [&](const RecordView&) { return ++given > 0; }), SliceEnd::finished);
  EXPECT_EQ(given, 10U);
  EXPECT_EQ(query.returned(), 10U);
  EXPECT_LT(query.scanned(), 70U);
}

TEST_F(Queries, TellsEventsApartThatShareAnIndexKey) {
  // The ids share their first eight bytes, the authors theirs.
  Event low = note(5, 1, 10);
  Event high = note(5, 1, 10);
  high.id.data[31] = 1;
  high.pubkey.data[31] = 9;
  const Seq high_seq = store_.put(high);
  const Seq low_seq = store_.put(low);
  EXPECT_THAT(ask({Filter{}}), ElementsAre(low_seq, high_seq));
  Filter by_author;
  by_author.authors = {{high.pubkey}};
  EXPECT_THAT(ask({by_author}), ElementsAre(high_seq));
  Filter by_id;
  by_id.ids = {{high.id}};
  EXPECT_THAT(ask({by_id}), ElementsAre(high_seq));
  for (const std::size_t records : {1U, 2U, 3U}) {
    EXPECT_THAT(run(Query({Filter{}}, {}), records).seqs, ElementsAre(low_seq, high_seq));
  }
}

TEST_F(Queries, ComparesTheTagBehindAHash) {
  const Event event = note(1, 1, 10, 1, {{"t", "other"}});
  const Seq seq = store_.put(event);
  store_.put_entry({Table::by_tag, {tag_key(store_.tables().hash_key, 't', "wanted"), {10, tie_of(event.id), seq}}});
  Filter filter;
  filter.tags = {{'t', {"wanted"}}};
  EXPECT_THAT(ask({filter}), IsEmpty());
  filter.tags = {{'t', {"other"}}};
  EXPECT_THAT(ask({filter}), ElementsAre(seq));
}

TEST_F(Queries, GivesAnEventOfSeveralFiltersOnceAndCountsItInEach) {
  const Seq first = store_.put(note(1, 1, 10, 1));
  const Seq second = store_.put(note(2, 1, 20, 7));
  const Seq third = store_.put(note(3, 2, 30, 1));
  Filter all;
  all.limit = 2;
  Filter notes;
  notes.kinds = {{1}};
  notes.limit = 1;
  EXPECT_THAT(ask({all, notes}), ElementsAre(third, second));
  notes.limit = 2;
  EXPECT_THAT(ask({all, notes}), ElementsAre(third, second, first));
}

TEST_F(Queries, ClampsLimitsAndTakesTheDefault) {
  for (std::uint64_t i = 0; i < 10; ++i) store_.put(note(i, 1, 10));
  QueryOptions options;
  options.default_limit = 3;
  options.max_limit = 5;
  Filter filter;
  EXPECT_THAT(ask({filter}, options), SizeIs(3));
  filter.limit = 9;
  EXPECT_THAT(ask({filter}, options), SizeIs(5));
  filter.limit = 0;
  EXPECT_THAT(ask({filter}, options), IsEmpty());
}

TEST_F(Queries, TakesSinceAndUntilInclusively) {
  std::vector<Seq> seqs;
  for (UnixSeconds at = 10; at < 15; ++at) seqs.push_back(store_.put(note(static_cast<std::uint64_t>(at), 1, at)));
  Filter filter;
  filter.since = 11;
  filter.until = 13;
  EXPECT_THAT(ask({filter}), ElementsAre(seqs[3], seqs[2], seqs[1]));
  filter.since = 14;
  EXPECT_THAT(ask({filter}), IsEmpty());
  filter.since.reset();
  filter.until = -1;
  EXPECT_THAT(ask({filter}), IsEmpty());
  filter.until = std::numeric_limits<UnixSeconds>::max();
  EXPECT_THAT(ask({filter}), SizeIs(5));
}

TEST_F(Queries, HidesWhatIsExpiredOrTooNewOrNotAllowed) {
  const Seq kept = store_.put(note(1, 1, 10));
  store_.put(note(2, 1, 11, 1, {{"expiration", std::to_string(clock_.unix_now())}}));
  const Seq secret = store_.put(note(3, 1, 12, 4));
  const Seq last = store_.put(note(4, 1, 13));
  QueryOptions options;
  options.max_seq = secret;
  options.visible = [](const RecordView& record) { return record.kind() != 4; };
  Filter one;
  one.limit = 1;
  EXPECT_THAT(ask({one}, options), ElementsAre(kept));
  EXPECT_THAT(ask({one}), ElementsAre(last));
}

TEST_F(Queries, GoesOnExactlyWhereItStoppedWhateverIsWritten) {
  std::vector<Seq> seqs;
  for (std::uint64_t i = 0; i < 50; ++i) seqs.push_back(store_.put(note(i, static_cast<std::uint8_t>(i % 7), 10)));
  std::vector<Seq> expected;
  for (std::uint64_t i = 0; i < 50; ++i) {
    if (i % 5 != 3 || i < 10) expected.push_back(seqs[i]);
  }
  std::uint64_t step = 0;
  const Answer answer = run(Query({Filter{}}, {}), 3, [&] {
    if (step == 3) {
      for (std::uint64_t i = 13; i < 50; i += 5) store_.erase(seqs[i]);
    }
    store_.put(note(1000 + step, 1, 10));
    store_.put(note(step, 1, 11));
    ++step;
  });
  EXPECT_EQ(answer.end, SliceEnd::finished);
  EXPECT_GT(answer.slices, 10U);
  EXPECT_EQ(answer.seqs, expected);
}

TEST_F(Queries, PausesAfterTheRecordThatTheSinkRefuses) {
  for (std::uint64_t i = 0; i < 5; ++i) store_.put(note(i, 1, 10));
  Query query({Filter{}}, {});
  std::size_t given = 0;
  for (std::size_t slice = 1; slice <= 5; ++slice) {
    TimeBudget budget(clock_, std::chrono::seconds(1), kPlenty);
    EXPECT_EQ(query.run_slice(store_, 0, budget, [&](const RecordView&) { return ++given == 0; }), SliceEnd::more);
    EXPECT_EQ(given, slice);
  }
  TimeBudget budget(clock_, std::chrono::seconds(1), kPlenty);
  EXPECT_EQ(query.run_slice(store_, 0, budget, [](const RecordView&) { return true; }), SliceEnd::finished);
}

TEST_F(Queries, IsCutShortAfterTheRecordsItMayScan) {
  for (std::uint64_t i = 0; i < 5; ++i) store_.put(note(i, 1, static_cast<UnixSeconds>(10 + i)));
  QueryOptions options;
  options.max_scanned = 4;
  const Answer cut = run(Query({Filter{}}, options), 2);
  EXPECT_EQ(cut.end, SliceEnd::cut_short);
  EXPECT_THAT(cut.seqs, SizeIs(4));
  options.max_scanned = 5;
  EXPECT_EQ(run(Query({Filter{}}, options), 2).end, SliceEnd::finished);
}

TEST_F(Queries, AdvancesOnTheSmallestBudget) {
  for (std::uint64_t i = 0; i < 20; ++i) store_.put(note(i, static_cast<std::uint8_t>(i), 10));
  Filter filter;
  filter.authors.emplace();
  for (std::uint8_t who = 0; who < 60; ++who) filter.authors->push_back(author(who));
  EXPECT_THAT(run(Query({filter}, {}), 1).seqs, SizeIs(20));
  filter.ids.emplace();
  for (std::uint64_t i = 0; i < 40; i += 2) filter.ids->push_back(numbered_id(i));
  EXPECT_THAT(run(Query({filter}, {}), 1).seqs, SizeIs(10));
}

}  // namespace
}  // namespace pharos::storage
