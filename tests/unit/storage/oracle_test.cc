// The event store against the naive one, on random and adversarial input: the fate of every event put, and the answer
// to every query, whole, in small slices, with a sink that pauses and with writes in between.

#include <algorithm>
#include <future>
#include <memory>
#include <ostream>
#include <set>

#include <gtest/gtest.h>

#include "storage/check.h"
#include "storage/query.h"
#include "storage/store.h"
#include "support/naive_store.h"
#include "support/random_events.h"
#include "support/temp_dir.h"

namespace pharos::storage {
namespace {

using test::EventShape;
using test::NaiveQuery;
using test::NaiveStore;
using test::RandomEvents;

struct World {
  const char* name;
  EventShape shape;
  std::size_t events;
  std::size_t groups;
};
std::ostream& operator<<(std::ostream& out, const World& world) { return out << world.name; }

World mixed() { return {"Mixed", {}, 400, 4500}; }
World ties() {
  EventShape shape;
  shape.seconds = 3;
  shape.shared_prefix_percent = 70;
  return {"Ties", shape, 300, 4500};
}
World many_authors() {
  EventShape shape;
  shape.authors = 150;
  shape.kinds = {1, 6, 7, 30023};
  return {"ManyAuthors", shape, 500, 4500};
}
World replaceables() {
  EventShape shape;
  shape.authors = 4;
  shape.seconds = 12;
  shape.kinds = {0, 3, 10002, 30023, 30166, 39999};
  return {"Replaceables", shape, 600, 4500};
}
World deletions() {
  EventShape shape;
  shape.authors = 5;
  shape.deletion_percent = 35;
  shape.expiration_percent = 25;
  return {"Deletions", shape, 500, 4500};
}

std::vector<std::string> hex_ids(const std::vector<const Event*>& events) {
  std::vector<std::string> ids;
  for (const Event* event : events) ids.push_back(event->id.hex());
  return ids;
}

class Oracle : public ::testing::TestWithParam<World> {
 protected:
  Oracle() : random_(20'261'121), events_(random_, GetParam().shape) {
    clock_.set_unix(GetParam().shape.start + static_cast<UnixSeconds>(GetParam().shape.seconds) / 2);
    StoreOptions options;
    options.directory = directory_.path();
    options.map_size_bytes = std::uint64_t{1} << 30;
    options.durability = Durability::os;
    // Small, so that what is asked for lies in the active memtable, in frozen ones and in LMDB.
    options.memtable_bytes = std::size_t{100} << 10;
    auto store = Store::open(options, clock_);
    if (store) store_ = std::move(store.value());
  }

  // Puts n > 0 events into both; their fates agree.
  void put(std::size_t n) {
    std::vector<EventPtr> events;
    std::vector<PutOutcome> outcomes(n, PutOutcome::failed_io);
    std::promise<void> all;
    for (std::size_t i = 0; i < n; ++i) {
      events.push_back(std::make_shared<const Event>(events_.event()));
      ASSERT_TRUE(store_->submit({events.back(), kLocalOrigin, [&, i](PutOutcome outcome) {
                                    outcomes[i] = outcome;
                                    if (i + 1 == n) all.set_value();
                                  }}));
    }
    all.get_future().wait();
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_EQ(outcomes[i], naive_.put(*events[i], clock_.unix_now())) << "event " << i << ' ' << events[i]->id.hex();
    }
    ASSERT_EQ(store_->last_seq(), naive_.last_seq());
  }

  bool chance(unsigned percent) { return random_.below(100) < percent; }

  // The same question for both.
  std::pair<NaiveQuery, QueryOptions> question() {
    NaiveQuery naive;
    QueryOptions options;
    naive.filters = events_.filters();
    if (chance(20)) naive.max_limit = options.max_limit = random_.below(50);
    if (chance(20)) naive.default_limit = options.default_limit = random_.below(50);
    if (chance(20)) naive.max_seq = options.max_seq = random_.below(naive_.last_seq() + 2);
    naive.now = GetParam().shape.start + static_cast<UnixSeconds>(random_.below(2 * GetParam().shape.seconds));
    if (chance(10)) {
      const auto hidden = static_cast<std::uint8_t>(random_.below(8));
      naive.visible = [hidden](const Event& event) { return event.id.data[31] % 8 != hidden; };
      options.visible = [hidden](const RecordView& record) { return record.id().data[31] % 8 != hidden; };
    }
    return {std::move(naive), std::move(options)};
  }

  // Runs to the end. slice_records 0 is one slice; pause is the chance in percent that the sink refuses more.
  template <class Between>
  std::vector<Event> run(Query& query, UnixSeconds now, std::size_t slice_records, unsigned pause,
                         const Between& between) {
    std::vector<Event> answer;
    SliceEnd end = SliceEnd::more;
    for (std::size_t slices = 0; end == SliceEnd::more && slices < 100'000; ++slices) {
      TimeBudget budget(clock_, std::chrono::hours(1), slice_records == 0 ? 1'000'000 : slice_records);
      end = query.run_slice(*store_, now, budget, [&](const RecordView& record) {
        record.decode(answer.emplace_back());
        return !chance(pause);
      });
      if (chance(10)) query.park();
      between();
    }
    EXPECT_EQ(end, SliceEnd::finished);
    return answer;
  }
  std::vector<Event> run(Query& query, UnixSeconds now, std::size_t slice_records, unsigned pause) {
    return run(query, now, slice_records, pause, [] {});
  }

  // No entry without its event, none missing. The ids are random bytes, not hashes.
  void expect_consistent_tables() {
    store_->stop();
    const auto txn = store_->read();
    ASSERT_TRUE(txn);
    const auto report = check_database(txn.value(), store_->tables(), {}, {});
    ASSERT_TRUE(report);
    EXPECT_EQ(report.value().events, naive_.held().size());
    EXPECT_EQ(report.value().total(), report.value().counts[static_cast<std::size_t>(Contradiction::wrong_id)]);
  }

  testing::TempDir directory_;
  ManualClock clock_;
  SeededRandom random_;
  RandomEvents events_;
  std::unique_ptr<Store> store_;
  NaiveStore naive_;
};

std::vector<const Event*> pointers(const std::vector<Event>& events) {
  std::vector<const Event*> out;
  for (const Event& event : events) out.push_back(&event);
  return out;
}

std::string describe(const std::vector<Filter>& filters) {
  std::string out;
  for (const Filter& filter : filters) {
    append_filter_json(out, filter);
    out += '\n';
  }
  return out;
}

TEST_P(Oracle, AgreesOnFatesAndAnswers) {
  ASSERT_NE(store_, nullptr);
  const std::size_t rounds = 5;
  for (std::size_t round = 0; round < rounds; ++round) {
    put(GetParam().events / rounds);
    ASSERT_FALSE(HasFatalFailure());
    for (std::size_t i = 0; i < GetParam().groups / rounds; ++i) {
      const auto [naive, options] = question();
      const std::vector<const Event*> expected = naive_.query(naive);
      Query query(naive.filters, options);
      const bool sliced = i % 3 == 1;
      const std::vector<Event> answer = run(query, naive.now, sliced ? 1 + random_.below(9) : 0, i % 3 == 2 ? 30 : 0);
      const auto same = [](const Event& a, const Event* b) { return a == *b; };
      if (!std::equal(answer.begin(), answer.end(), expected.begin(), expected.end(), same)) {
        const auto differ = std::mismatch(answer.begin(), answer.end(), expected.begin(), expected.end(), same);
        ASSERT_EQ(hex_ids(pointers(answer)), hex_ids(expected))
            << "from place " << differ.first - answer.begin() << " of " << answer.size() << " and " << expected.size()
            << '\n'
            << describe(naive.filters);
        FAIL() << "a record does not give its event back\n" << describe(naive.filters);
      }
      ASSERT_EQ(query.returned(), expected.size());
    }
  }
  expect_consistent_tables();
}

TEST_P(Oracle, AgreesWhenEventsComeAndGoBetweenSlices) {
  ASSERT_NE(store_, nullptr);
  put(GetParam().events / 2);
  for (std::size_t i = 0; i < 60; ++i) {
    const auto [question, options] = this->question();
    NaiveQuery naive = question;
    naive.max_seq = std::min(naive.max_seq, naive_.last_seq());
    NaiveQuery unlimited = naive;
    for (Filter& filter : unlimited.filters) filter.limit.reset();
    unlimited.default_limit = unlimited.max_limit = 1'000'000;
    std::set<EventId> matched;
    for (const Event* event : naive_.query(unlimited)) matched.insert(event->id);

    Query query(naive.filters, options);
    const std::vector<Event> answer = run(query, naive.now, 1 + random_.below(30), 5, [&] {
      if (chance(40)) put(1 + random_.below(3));
    });
    ASSERT_FALSE(HasFatalFailure());

    // In order, so nothing twice; nothing that came after the beginning.
    const auto in_order = [](const Event& a, const Event& b) {
      return a.created_at != b.created_at ? a.created_at > b.created_at : a.id < b.id;
    };
    ASSERT_TRUE(std::is_sorted(answer.begin(), answer.end(), in_order)) << describe(naive.filters);
    std::set<EventId> given;
    for (const Event& event : answer) {
      ASSERT_TRUE(matched.contains(event.id)) << describe(naive.filters);
      ASSERT_TRUE(given.insert(event.id).second) << describe(naive.filters);
    }
    // Everything that stayed, down to where the limit ended a single filter.
    if (naive.filters.size() > 1) continue;
    const std::size_t limit = std::min(naive.filters[0].limit.value_or(naive.default_limit), naive.max_limit);
    for (const Event* event : naive_.query(unlimited)) {
      if (answer.size() >= limit && (answer.empty() || in_order(answer.back(), *event))) break;
      ASSERT_TRUE(given.contains(event->id)) << describe(naive.filters);
    }
  }
}

TEST_P(Oracle, KnowsWhetherItGaveEveryMatch) {
  ASSERT_NE(store_, nullptr);
  put(GetParam().events / 2);
  std::size_t whole = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    auto [naive, options] = question();
    if (chance(50)) options.rest_of_second = 1 + random_.below(20);
    NaiveQuery unlimited = naive;
    for (Filter& filter : unlimited.filters) filter.limit.reset();
    unlimited.default_limit = unlimited.max_limit = 1'000'000;

    Query query(naive.filters, options);
    const std::vector<Event> answer = run(query, naive.now, 1 + random_.below(30), 5);
    const std::vector<std::string> given = hex_ids(pointers(answer));
    if (query.gave_all()) {
      ++whole;
      ASSERT_EQ(given, hex_ids(naive_.query(unlimited))) << describe(naive.filters);
    }
    // What goes beyond the caps lies in the seconds in which they were reached.
    const std::set<std::string> all(given.begin(), given.end());
    std::set<UnixSeconds> seconds;
    for (const Event* event : naive_.query(naive)) {
      ASSERT_TRUE(all.contains(event->id.hex())) << describe(naive.filters);
      seconds.insert(event->created_at);
    }
    for (const Event& event : answer) ASSERT_TRUE(seconds.contains(event.created_at)) << describe(naive.filters);
  }
  EXPECT_GT(whole, 0U);
}

TEST_P(Oracle, MatchesInTheRecordAsInTheEvent) {
  ASSERT_NE(store_, nullptr);
  put(GetParam().events / 2);
  std::vector<Filter> filters;
  for (std::size_t i = 0; i < 100; ++i) filters.push_back(events_.filter());
  QueryOptions options;
  options.default_limit = options.max_limit = 1'000'000;
  Query all({Filter{}}, options);
  TimeBudget budget(clock_, std::chrono::hours(1), 1'000'000);
  Event event;
  std::size_t agreed = 0;
  all.run_slice(*store_, 0, budget, [&](const RecordView& record) {
    record.decode(event);
    for (const Filter& filter : filters) {
      const bool expected = test::naive_matches(filter, event);
      const bool agree = record.matches(filter) == expected && matches(filter, event) == expected;
      EXPECT_TRUE(agree) << describe({filter}) << event.id.hex();
      agreed += agree ? 1 : 0;
    }
    return true;
  });
  EXPECT_EQ(agreed, naive_.held().size() * filters.size());
}

INSTANTIATE_TEST_SUITE_P(Worlds, Oracle,
                         ::testing::Values(mixed(), ties(), many_authors(), replaceables(), deletions()),
                         [](const auto& world) { return world.param.name; });

}  // namespace
}  // namespace pharos::storage
