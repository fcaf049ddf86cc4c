// Search over the store (NIP-50): what is found against a naive reading of the texts, in which order, and the life of
// the index by word: begun over what is there, interrupted, dropped, made by other rules.

#include <algorithm>
#include <future>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <lmdb.h>

#include "nostr/search_query.h"
#include "storage/check.h"
#include "storage/env.h"
#include "storage/info.h"
#include "storage/memtables.h"
#include "storage/merge_memtable.h"
#include "storage/meta.h"
#include "storage/query.h"
#include "storage/word_index.h"
#include "support/eventually.h"
#include "unit/storage/store_harness.h"
#include "util/random.h"

namespace pharos::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

constexpr UnixSeconds kStart = 1'700'000'000;

Filter search_filter(const std::string& text) {
  Filter filter;
  filter.kinds = {0, 1, 30023};
  filter.search = std::make_shared<const SearchQuery>(parse_search(text).value());
  return filter;
}

StoreOptions searching() {
  StoreOptions options;
  options.searched = {0, 1, 30023};
  options.durability = Durability::os;
  options.expire_interval = std::chrono::hours(1);
  return options;
}

Event note(const std::string& content, UnixSeconds at = kStart, Kind kind = 1, std::size_t author = 0) {
  return test::unsigned_event({kind, content, {}, at, author});
}

class SearchTest : public ::testing::Test {
 protected:
  explicit SearchTest(StoreOptions options = searching()) : harness_(std::move(options)) {}

  std::vector<std::string> answer(std::vector<Filter> filters, QueryOptions options = {}, std::size_t slice = 7) {
    Query query(std::move(filters), options);
    std::vector<std::string> contents;
    SliceEnd end = SliceEnd::more;
    while (end == SliceEnd::more) {
      TimeBudget budget(harness_.clock(), std::chrono::hours(1), slice);
      end = query.run_slice(harness_.store(), harness_.clock().unix_now(), budget, [&](const RecordView& record) {
        contents.emplace_back(record.content());
        return contents.size() % 2 == 0;
      });
      query.park();
    }
    EXPECT_EQ(end, SliceEnd::finished);
    gave_all_ = query.gave_all();
    return contents;
  }
  std::vector<std::string> find(const std::string& text) { return answer({search_filter(text)}); }

  void await_index() {
    ASSERT_NE(harness_.store().word_index(), nullptr);
    ASSERT_TRUE(testing::eventually([&] { return harness_.store().word_index()->is_complete(); }));
  }
  void expect_clean() {
    const auto snapshot = harness_.store().snapshot();
    ASSERT_TRUE(snapshot);
    const auto report = check_database(snapshot.value(), {}, {});
    ASSERT_TRUE(report);
    EXPECT_THAT(report.value().findings, IsEmpty());
  }
  std::uint64_t blocks_by_word() {
    const auto txn = harness_.store().read();
    std::uint64_t blocks = 0;
    for (const Table table : {Table::by_word, Table::young_by_word}) {
      Cursor cursor(txn.value(), harness_.store().tables()[table]);
      for (bool more = cursor.first(); more; more = cursor.next()) ++blocks;
    }
    return blocks;
  }
  // Without the store.
  std::unique_ptr<Env> env(std::vector<Kind> searched) {
    EnvOptions options;
    options.directory = harness_.directory();
    options.map_size_bytes = harness_.options().map_size_bytes;
    options.searched = std::move(searched);
    auto opened = Env::open(options);
    EXPECT_TRUE(opened);
    return std::move(opened.value());
  }

  test::StoreHarness harness_;
  bool gave_all_ = false;
};

TEST_F(SearchTest, FindsWordsInTheMemtableAndInLmdb) {
  harness_.put(note("The quick brown fox"));
  harness_.put(note("a slow fox", kStart + 1));
  harness_.put(note("the brown dog", kStart + 2));
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(find("fox"), UnorderedElementsAreArray({"a slow fox", "The quick brown fox"}));
    EXPECT_THAT(find("BROWN fox"), ElementsAre("The quick brown fox"));
    EXPECT_THAT(find("\"brown dog\""), ElementsAre("the brown dog"));
    EXPECT_THAT(find("brown -dog"), ElementsAre("The quick brown fox"));
    EXPECT_THAT(find("cat"), IsEmpty());
    EXPECT_TRUE(gave_all_);
    harness_.reopen();
  }
  expect_clean();
}

TEST_F(SearchTest, GivesTheBestFirstAndOfEqualOnesTheNewest) {
  harness_.put(
      note("fox among very many other words that speak of something else entirely, as one can see", kStart + 9));
  harness_.put(note("fox one", kStart + 1));
  harness_.put(note("fox two", kStart + 2));
  harness_.put(note("fox fox", kStart));
  EXPECT_THAT(find("fox"), ElementsAre("fox fox", "fox two", "fox one", ::testing::StartsWith("fox among")));
}

TEST_F(SearchTest, AppliesTheLimitToTheOrderOfScores) {
  for (int i = 0; i < 20; ++i) harness_.put(note("fox in number " + std::to_string(i), kStart + 1 + i));
  harness_.put(note("fox fox fox", kStart));
  Filter filter = search_filter("fox");
  filter.limit = 2;
  EXPECT_THAT(answer({filter}), ElementsAre("fox fox fox", "fox in number 19"));
  EXPECT_FALSE(gave_all_);
  filter.limit = 0;
  EXPECT_THAT(answer({filter}), IsEmpty());
  EXPECT_FALSE(gave_all_);
}

TEST_F(SearchTest, CombinesWithTheOtherFields) {
  harness_.put(note("fox", kStart, 1, 1));
  harness_.put(note("the fox", kStart + 1, 1, 2));
  harness_.put(note(R"({"name":"fox"})", kStart + 2, 0, 2));
  harness_.put(note("fox of a kind that is not searched", kStart + 3, 7, 2));
  Filter filter = search_filter("fox");
  filter.authors = {note("", 0, 1, 2).pubkey};
  EXPECT_THAT(answer({filter}), UnorderedElementsAreArray({"the fox", R"({"name":"fox"})"}));
  filter.kinds = {1};
  EXPECT_THAT(answer({filter}), ElementsAre("the fox"));
  filter = search_filter("fox");
  filter.until = kStart;
  EXPECT_THAT(answer({filter}), ElementsAre("fox"));
  filter = search_filter("fox");
  filter.ids = {note("the fox", kStart + 1, 1, 2).id};
  EXPECT_THAT(answer({filter}), ElementsAre("the fox"));
}

TEST_F(SearchTest, MergesSeveralFiltersAndGivesAnEventOnce) {
  harness_.put(note("orange", kStart));
  harness_.put(note("purple and orange", kStart + 1));
  harness_.put(note("purple", kStart + 2));
  harness_.put(note("no colour", kStart + 3));
  Filter rest;
  rest.kinds = {1};
  EXPECT_THAT(answer({rest, search_filter("orange"), search_filter("purple")}),
              ElementsAre("purple", "orange", "purple and orange", "no colour"));
  EXPECT_TRUE(gave_all_);
}

TEST_F(SearchTest, GivesTheBestOfTheCandidatesItMayLookAt) {
  for (int i = 0; i < 30; ++i) harness_.put(note("fox in number " + std::to_string(i), kStart + 1 + i));
  harness_.put(note("fox fox fox", kStart));
  QueryOptions options;
  options.max_candidates = 10;
  EXPECT_THAT(answer({search_filter("fox")}, options), ::testing::SizeIs(10));
  EXPECT_FALSE(gave_all_);
}

TEST_F(SearchTest, HidesWhatIsErasedExpiredOrNotForTheReader) {
  harness_.put(note("fox"));
  harness_.put(note("secret fox", kStart + 1));
  harness_.put(test::unsigned_event({1, "brief fox", {{"expiration", "1800000010"}}, kStart + 2, 0}));
  harness_.put(test::unsigned_event({1, "wrong fox", {}, kStart + 3, 0}));
  const std::string wrong = note("wrong fox", kStart + 3).id.hex();
  harness_.put(test::unsigned_event({5, "", {{"e", wrong}}, kStart + 4, 0}));
  QueryOptions options;
  options.visible = [](const RecordView& record) { return !record.content().starts_with("secret"); };
  EXPECT_THAT(answer({search_filter("fox")}, options), UnorderedElementsAreArray({"fox", "brief fox"}));
  harness_.clock().set_unix(1'800'000'010);
  EXPECT_THAT(answer({search_filter("fox")}, options), ElementsAre("fox"));
}

TEST_F(SearchTest, CountsWithoutAnOrder) {
  for (int i = 0; i < 5; ++i) harness_.put(note("fox " + std::to_string(10 + i), kStart + i));
  harness_.put(note("dog"));
  QueryOptions options;
  options.ranked = false;
  EXPECT_THAT(answer({search_filter("fox")}, options), ::testing::SizeIs(5));
}

TEST_F(SearchTest, TextOfTagsCostsAsMuchAsContent) {
  const std::string text(30'000, 'x');
  const Event in_content = test::unsigned_event({30023, "fox " + text, {}, kStart, 0});
  const Event in_title = test::unsigned_event({30023, "bear", {{"title", text}}, kStart + 1, 1});
  const Event in_summaries =
      test::unsigned_event({30023, "wolf", {{"summary", text}, {"summary", text}}, kStart + 2, 2});
  for (const Event& event : {in_content, in_title, in_summaries}) harness_.put(event);
  for (const bool ranked : {true, false}) {
    const auto spent = [&](const std::string& word) {
      QueryOptions options;
      options.ranked = ranked;
      Query query({search_filter(word)}, options);
      TimeBudget budget(harness_.clock(), std::chrono::hours(1), 10'000);
      EXPECT_EQ(query.run_slice(harness_.store(), kStart, budget, [](const RecordView&) { return true; }),
                SliceEnd::finished);
      EXPECT_EQ(query.returned(), 1U) << word;
      return budget.spent();
    };
    EXPECT_GE(spent("fox"), 29U);
    EXPECT_GE(spent("bear"), 29U);
    EXPECT_GE(spent("wolf"), 58U);
    // A slice ends with the text that its budget is spent on.
    Query query({search_filter("wolf")}, {});
    TimeBudget budget(harness_.clock(), std::chrono::hours(1), 20);
    EXPECT_EQ(query.run_slice(harness_.store(), kStart, budget, [](const RecordView&) { return true; }),
              SliceEnd::more);
    EXPECT_TRUE(budget.exhausted());
  }
}

TEST_F(SearchTest, AsksTheRarestWord) {
  for (int i = 0; i < 200; ++i) harness_.put(note("common " + std::to_string(1000 + i), kStart + i));
  harness_.put(note("common rare", kStart));
  Query query({search_filter("common rare")}, {});
  TimeBudget budget(harness_.clock(), std::chrono::hours(1), 10'000);
  EXPECT_EQ(query.run_slice(harness_.store(), kStart, budget, [](const RecordView&) { return true; }),
            SliceEnd::finished);
  EXPECT_EQ(query.candidates(), 1U);
}

TEST_F(SearchTest, KeepsItsIndexThroughImportAndCompaction) {
  harness_.put(note("old fox"));
  harness_.put(note("regretted fox", kStart + 1));
  harness_.options().durability = Durability::at_stop;
  harness_.reopen();
  harness_.drafts = true;
  harness_.put(note("imported fox", kStart + 2));
  const std::string regretted = note("regretted fox", kStart + 1).id.hex();
  harness_.put(test::unsigned_event({5, "", {{"e", regretted}}, kStart + 3, 0}));
  harness_.store().stop();
  harness_.options().durability = Durability::os;
  harness_.reopen();
  std::promise<bool> compacted;
  ASSERT_TRUE(harness_.store().compact([&](const auto& done) { compacted.set_value(done.has_value()); }));
  EXPECT_TRUE(compacted.get_future().get());
  EXPECT_THAT(find("fox"), ElementsAre("imported fox", "old fox"));
  harness_.reopen();
  EXPECT_TRUE(harness_.store().word_index()->is_complete());
  EXPECT_THAT(find("fox"), ElementsAre("imported fox", "old fox"));
  expect_clean();
}

class SearchOffTest : public SearchTest {
 protected:
  SearchOffTest() : SearchTest(off()) {}
  static StoreOptions off() {
    StoreOptions options = searching();
    options.searched.clear();
    return options;
  }
  void turn(std::vector<Kind> kinds) {
    harness_.options().searched = std::move(kinds);
    harness_.reopen();
  }
};

TEST_F(SearchOffTest, WritesNothingAndIsBuiltWhenItIsTurnedOn) {
  EXPECT_EQ(harness_.store().word_index(), nullptr);
  harness_.put(note("old fox"));
  harness_.reopen();
  EXPECT_EQ(blocks_by_word(), 0U);
  // Without the index a search reads what there is.
  EXPECT_THAT(find("fox"), ElementsAre("old fox"));
  turn({0, 1, 30023});
  harness_.put(note("new fox", kStart + 1));
  await_index();
  EXPECT_THAT(find("fox"), ElementsAre("new fox", "old fox"));
  harness_.reopen();
  EXPECT_TRUE(harness_.store().word_index()->is_complete());
  EXPECT_GT(blocks_by_word(), 0U);
  expect_clean();
  turn({});
  EXPECT_EQ(harness_.store().word_index(), nullptr);
  EXPECT_EQ(blocks_by_word(), 0U);
  harness_.put(note("third fox", kStart + 2));
  expect_clean();
  turn({1});
  await_index();
  EXPECT_THAT(find("fox"), ElementsAre("third fox", "new fox", "old fox"));
  turn({0, 1});
  await_index();
  expect_clean();
}

TEST_F(SearchOffTest, GoesOnWhereTheBuildingWasInterrupted) {
  std::vector<Event> events;
  for (int i = 0; i < 20; ++i) events.push_back(note("fox " + std::to_string(10 + i), kStart + i));
  for (const Event& event : events) harness_.put(event);
  harness_.close();
  {
    const auto opened = env({0, 1, 30023});
    const auto state = index_more_words(*opened, 8);
    ASSERT_TRUE(state);
    EXPECT_EQ(state.value().built, 8U);
    EXPECT_FALSE(state.value().is_complete());
    const auto txn = opened->read();
    const auto report = check_database(txn.value(), opened->tables(), {}, {});
    ASSERT_TRUE(report);
    EXPECT_THAT(report.value().findings, IsEmpty());
  }
  {
    // Erased are one that is in the index, one that is not, and one that comes anew.
    const auto opened = env({0, 1, 30023});
    Memtables memtables;
    const auto memtable = std::make_shared<Memtable>(100, 20, opened->tables().rules(), 10);
    memtable->erase(3, 21);
    memtable->erase(15, 21);
    std::string record;
    encode_record(note("fresh fox", kStart + 30), record);
    memtable->insert(21, record);
    encode_record(note("gone fox", kStart + 31), record);
    memtable->insert(22, record);
    memtable->erase(22, 22);
    auto txn = std::move(opened->write().value());
    ASSERT_TRUE(merge_memtable(txn, *memtable, {}));
    ASSERT_TRUE(txn.commit());
    const auto state = index_more_words(*opened, 4);
    EXPECT_EQ(state.value().built, 12U);
  }
  turn({0, 1, 30023});
  await_index();
  std::vector<std::string> wanted{"fresh fox"};
  for (int i = 0; i < 20; ++i) {
    if (i != 2 && i != 14) wanted.push_back("fox " + std::to_string(10 + i));
  }
  EXPECT_THAT(find("fox"), UnorderedElementsAreArray(wanted));
  expect_clean();
}

TEST_F(SearchOffTest, DistrustsAnIndexThatAnotherProgramWroteBeside) {
  harness_.put(note("fox"));
  turn({1});
  await_index();
  harness_.close();
  {
    const auto opened = env({1});
    auto txn = std::move(opened->write().value());
    write_merged_generation(txn, 1000);
    ASSERT_TRUE(txn.commit());
    const auto read = opened->read();
    EXPECT_EQ(read_word_index(read.value(), opened->tables()), std::nullopt);
  }
  {
    EnvOptions options;
    options.directory = harness_.directory();
    options.read_only = true;
    const auto opened = Env::open(options);
    ASSERT_TRUE(opened);
    EXPECT_THAT(opened.value()->tables().searched, IsEmpty());
  }
  harness_.reopen();
  await_index();
  EXPECT_THAT(find("fox"), ElementsAre("fox"));
  expect_clean();
}

TEST_F(SearchOffTest, ReadsADatabaseThatHasNoSuchTables) {
  harness_.put(note("fox"));
  harness_.close();
  {
    const auto opened = env({});
    auto txn = std::move(opened->write().value());
    for (const Table table : {Table::by_word, Table::young_by_word}) {
      ASSERT_EQ(mdb_drop(txn.handle(), opened->tables()[table], 1), 0);
    }
    ASSERT_TRUE(txn.commit());
  }
  {
    EnvOptions options;
    options.directory = harness_.directory();
    options.read_only = true;
    const auto opened = Env::open(options);
    ASSERT_TRUE(opened) << opened.error().detail;
    const auto txn = opened.value()->read();
    const auto report = check_database(txn.value(), opened.value()->tables(), {}, {});
    ASSERT_TRUE(report);
    EXPECT_THAT(report.value().findings, IsEmpty());
    EXPECT_EQ(read_info(txn.value(), opened.value()->tables()).tables.size(), kTableCount);
  }
  turn({1});
  await_index();
  EXPECT_THAT(find("fox"), ElementsAre("fox"));
}

// --- against a naive reading ----------------------------------------------------------------------------------------

const std::vector<std::string>& vocabulary() {
  static const std::vector<std::string> words{"ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibis", "jay"};
  return words;
}

class SearchOracleTest : public SearchTest {
 protected:
  SearchOracleTest() : SearchTest(small_memtables()) { harness_.drafts = true; }

  static StoreOptions small_memtables() {
    StoreOptions options = searching();
    options.memtable_bytes = std::size_t{100} << 10;
    return options;
  }

  std::string text() {
    std::string out;
    for (std::size_t left = 1 + random_.below(12); left > 0; --left) {
      // The first words come up most.
      out += vocabulary()[random_.below(1 + random_.below(vocabulary().size()))];
      out += left > 1 ? " " : "";
    }
    return out;
  }
  Event event() {
    const Kind kinds[] = {0, 1, 1, 1, 7, 30023};
    const Kind kind = kinds[random_.below(std::size(kinds))];
    const UnixSeconds at = kStart + static_cast<UnixSeconds>(random_.below(100));
    const std::string content = kind == 0 ? "{\"about\":\"" + text() + "\"}" : text();
    if (random_.below(10) == 0 && !live_.empty()) {
      const Event& target = live_[random_.below(live_.size())];
      return test::unsigned_event({5, "", {{"e", target.id.hex()}}, kStart + 1000, author_of(target)});
    }
    const std::string d = std::to_string(random_.below(3));
    return test::unsigned_event({kind, content, {{"d", d}}, at, random_.below(4)});
  }
  static std::size_t author_of(const Event& event) {
    std::size_t author = 0;
    while (note("", 0, 1, author).pubkey != event.pubkey) ++author;
    return author;
  }

  // What a plain scan without words gives is what is stored.
  std::vector<Event> stored() {
    std::vector<Event> out;
    QueryOptions options;
    options.default_limit = options.max_limit = 100'000;
    Query query({Filter{}}, options);
    TimeBudget budget(harness_.clock(), std::chrono::hours(1), 1'000'000);
    query.run_slice(harness_.store(), kStart, budget, [&](const RecordView& record) {
      record.decode(out.emplace_back());
      return true;
    });
    return out;
  }

  static bool naive_match(const Event& event, const std::vector<std::string>& wanted, const std::string& unwanted) {
    if (event.kind != 0 && event.kind != 1 && event.kind != 30023) return false;
    std::string plain = event.content;
    if (event.kind == 0) plain = plain.substr(10, plain.size() - 12);
    std::set<std::string> words;
    std::istringstream in(plain);
    for (std::string word; in >> word;) words.insert(word);
    return std::ranges::all_of(wanted, [&](const std::string& word) { return words.contains(word); }) &&
           !words.contains(unwanted);
  }

  void compare() {
    live_ = stored();
    for (int round = 0; round < 20; ++round) {
      std::vector<std::string> wanted;
      std::string asked;
      for (std::size_t left = 1 + random_.below(3); left > 0; --left) {
        wanted.push_back(vocabulary()[random_.below(vocabulary().size())]);
        asked += wanted.back() + " ";
      }
      std::string unwanted;
      if (random_.below(3) == 0) {
        unwanted = vocabulary()[random_.below(vocabulary().size())];
        asked += "-" + unwanted;
      }
      Filter filter = search_filter(asked);
      if (random_.below(4) == 0) filter.authors = {note("", 0, 1, random_.below(4)).pubkey};
      if (random_.below(4) == 0) filter.since = kStart + static_cast<UnixSeconds>(random_.below(100));
      std::vector<std::string> expected;
      for (const Event& event : live_) {
        if (naive_match(event, wanted, unwanted) && matches_fields(filter, event)) expected.push_back(event.content);
      }
      QueryOptions options;
      options.default_limit = options.max_limit = 100'000;
      options.ranked = random_.below(4) != 0;
      EXPECT_THAT(answer({filter}, options, 1 + random_.below(60)), UnorderedElementsAreArray(expected)) << asked;
    }
  }

  SeededRandom random_{50};
  std::vector<Event> live_;
};

TEST_F(SearchOracleTest, FindsWhatANaiveReadingFinds) {
  for (int round = 0; round < 8; ++round) {
    test::Outcomes outcomes;
    const std::size_t count = 60;
    for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(harness_.submit(event(), outcomes));
    outcomes.wait_for(count);
    compare();
    if (round % 3 == 2) {
      // Off and on again: built behind what comes.
      for (const bool on : {false, true}) {
        harness_.options().searched = on ? searching().searched : std::vector<Kind>();
        harness_.reopen();
      }
    }
    expect_clean();
  }
  await_index();
  compare();
  harness_.reopen();
  EXPECT_TRUE(harness_.store().word_index()->is_complete());
  expect_clean();
}

}  // namespace
}  // namespace pharos::storage
