#include "relay/neg_tree_keeper.h"

#include <future>

#include <gmock/gmock.h>

#include "nostr/message.h"
#include "relay/access.h"
#include "relay/neg_session.h"
#include "support/eventually.h"
#include "support/random_events.h"
#include "support/temp_dir.h"

namespace pharos::relay {
namespace {

using storage::SliceEnd;
using testing::eventually;

class NegTreeKeeperTest : public ::testing::Test {
 protected:
  NegTreeKeeperTest() {
    storage::StoreOptions store_options;
    store_options.directory = directory_.path();
    store_options.map_size_bytes = std::uint64_t{1} << 30U;
    store_options.durability = storage::Durability::os;
    store_ = std::move(storage::Store::open(store_options, clock_)).value();
    runner_ = std::make_shared<QueryRunner>(*store_, pool_, clock_, 2, 1000, metrics::RelayMetrics{});
  }
  ~NegTreeKeeperTest() override {
    pool_.stop();
    store_->stop();
  }

  std::shared_ptr<NegTreeKeeper> keep(const std::string& filter) {
    auto keeper = std::make_shared<NegTreeKeeper>(*store_, clock_, runner_, parse_filter(filter).value(), options_,
                                                  metrics::RelayMetrics{});
    keeper->start();
    return keeper;
  }
  // Returns once all are decided.
  void put(const std::vector<Event>& events) {
    std::promise<void> all;
    std::atomic<std::size_t> left{events.size()};
    for (const Event& event : events) {
      storage::PutRequest request;
      request.event = std::make_shared<const Event>(event);
      request.done = [&](storage::PutOutcome) {
        if (--left == 0) all.set_value();
      };
      ASSERT_TRUE(store_->submit(std::move(request)));
    }
    all.get_future().wait();
  }
  void put_random(std::size_t n) {
    std::vector<Event> batch;
    for (std::size_t i = 0; i < n; ++i) batch.push_back(events_.event());
    put(batch);
  }
  void erase_random(std::size_t n) {
    std::promise<void> erased;
    storage::EraseRequest request;
    for (std::size_t i = 0; i < n; ++i) request.events.push_back(1 + random_.below(store_->last_seq()));
    request.done = [&](std::optional<std::size_t>) { erased.set_value(); };
    ASSERT_TRUE(store_->submit_erase(std::move(request)));
    erased.get_future().wait();
  }

  // What a query gives, ascending.
  std::vector<NegItem> items_of(const Filter& filter) {
    NegSource source;
    source.filter = filter;
    source.visible = [](const storage::RecordView& record) { return !is_gated(record.kind()); };
    auto query = source_query(source, filter.since, filter.until, ~storage::Seq{0});
    TimeBudget budget(clock_, std::chrono::hours(1), 10'000'000);
    std::vector<NegItem> items;
    EXPECT_EQ(query.run_slice(*store_, clock_.unix_now(), budget,
                              [&](const storage::RecordView& record) {
                                items.push_back({record.created_at(), record.id()});
                                return true;
                              }),
              SliceEnd::finished);
    std::ranges::sort(items);
    return items;
  }

  // The view says of every range what a plain list says. False when something expired in between.
  bool compare(const NegTreeView& view, const std::vector<NegItem>& items) {
    std::vector<NegItem> seen;
    for (std::size_t i = 0; i < view.size(); ++i) seen.push_back(view.at(i));
    for (int probe = 0; probe < 20 && !items.empty(); ++probe) {
      const NegItem at = items[random_.below(items.size())];
      const NegBound bound{static_cast<std::uint64_t>(at.created_at), at.id, 32};
      const std::size_t rank = view.find(0, bound);
      const std::size_t begin = random_.below(view.size() + 1);
      const std::size_t end = begin + random_.below(view.size() + 1 - begin);
      NegSum sum;
      for (std::size_t i = begin; i < end; ++i) sum += seen[i].id;
      const NegSum told = view.sum(begin, end);
      if (view.is_stale()) return false;
      EXPECT_EQ(rank, static_cast<std::size_t>(std::ranges::lower_bound(items, at) - items.begin()));
      EXPECT_EQ(told, sum);
    }
    if (view.is_stale()) return false;
    EXPECT_EQ(seen, items);
    return true;
  }
  void expect_right(NegTreeKeeper& keeper, const std::string& filter) {
    const Filter parsed = parse_filter(filter).value();
    EXPECT_TRUE(eventually([&] {
      const auto view = keeper.view(parsed);
      return view != nullptr && compare(*view, items_of(parsed));
    }));
  }

  testing::TempDir directory_;
  ManualClock clock_{1'700'000'000 + 200'000};
  Options options_;
  std::unique_ptr<storage::Store> store_;
  WorkerPool pool_{"worker", 2, 1000};
  std::shared_ptr<QueryRunner> runner_;
  SeededRandom random_{9};
  test::RandomEvents events_{random_, {.seconds = 20'000, .expiration_percent = 20}};
};

TEST_F(NegTreeKeeperTest, IsRightWhateverIsStoredErasedReplacedDeletedAndExpires) {
  options_.slice_records = 50;
  put_random(2'000);
  const auto all = keep("{}");
  const auto some = keep(R"({"kinds":[1,7,30023]})");
  // While they are built.
  put_random(1'000);
  erase_random(100);
  ASSERT_TRUE(eventually([&] { return all->is_whole() && some->is_whole(); }));
  expect_right(*all, "{}");
  expect_right(*some, R"({"kinds":[1,7,30023]})");
  for (int round = 0; round < 8; ++round) {
    put_random(300);
    erase_random(60);
    clock_.advance(std::chrono::hours(1 + round));
    expect_right(*all, "{}");
    expect_right(*all, R"({"since":1700005000,"until":1700010000})");
    expect_right(*some, R"({"kinds":[1,7,30023],"since":1700019000})");
  }
}

TEST_F(NegTreeKeeperTest, SplitsWhatGrowsInThePast) {
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  for (UnixSeconds page = 60; page > 0; --page) {
    std::vector<Event> events;
    for (UnixSeconds at = 0; at < 100; ++at) {
      Event event = events_.event();
      event.kind = 1;
      event.tags = {};
      event.created_at = 1'700'000'000 + page * 100 + at;
      events.push_back(std::move(event));
    }
    put(events);
  }
  EXPECT_TRUE(eventually([&] {
    const auto view = keeper->view({});
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < view->buckets().buckets(); ++i) {
      largest = std::max(largest, view->buckets().bucket(i).count);
    }
    // Another event, so that one that could not be split is tried again.
    put_random(1);
    return largest <= 2 * NegTree::kMost;
  }));
  expect_right(*keeper, "{}");
}

TEST_F(NegTreeKeeperTest, Nip77ServesTheWholeSetAndWindowsOfItToThoseWhoMayNotReadMore) {
  const auto keeper = keep("{}");
  const auto filters = [](const std::string& text) { return std::vector{parse_filter(text).value()}; };
  EXPECT_TRUE(keeper->serves(filters("{}"), {}));
  EXPECT_TRUE(keeper->serves(filters(R"({"since":5,"until":9})"), {}));
  EXPECT_FALSE(keeper->serves(filters("{}"), {PublicKey{}})) << "who may read some private messages";
  EXPECT_FALSE(keeper->serves(filters(R"({"kinds":[1]})"), {}));
  EXPECT_FALSE(keeper->serves(filters(R"({"limit":5})"), {}));
  EXPECT_FALSE(keeper->serves(filters(R"({"search":"words"})"), {}));
  EXPECT_FALSE(keeper->serves(filters(R"({"#t":["x"]})"), {}));
  EXPECT_FALSE(keeper->serves({Filter{}, Filter{}}, {}));
  EXPECT_TRUE(keep(R"({"kinds":[1]})")->serves(filters(R"({"kinds":[1]})"), {PublicKey{}}));
  EXPECT_FALSE(keep(R"({"kinds":[4]})")->serves(filters(R"({"kinds":[4]})"), {PublicKey{}}));
}

TEST_F(NegTreeKeeperTest, Nip77ASessionAnswersFromTheTreeAsItIsThen) {
  put_random(2'000);
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  // A set that may not be collected.
  options_.limits.max_negentropy_records = 1;
  NegSession session({Filter{}}, std::make_shared<const KeyList>(), "n",
                     std::make_shared<NegMemory>(1U << 20U, metrics::RelayMetrics{}), keeper, options_);
  for (int round = 0; round < 2; ++round) {
    NegItems nothing;
    nothing.seal();
    NegDifference difference;
    std::string message = neg_initial(nothing);
    while (!is_end(message)) {
      session.set_message(message);
      ScanSlice slice;
      do {
        slice = session.run_slice(*store_, clock_);
      } while (slice.end == SliceEnd::more);
      ASSERT_EQ(slice.end, SliceEnd::finished);
      const auto reply = parse_relay_message(slice.bytes);
      message = NegTurn(nothing, std::get<NegMessageReply>(reply.value()).message, kLeastNegFrame, &difference)
                    .finish()
                    .value();
    }
    difference.make_unique();
    std::vector<EventId> expected;
    for (const NegItem& item : items_of({})) expected.push_back(item.id);
    std::ranges::sort(expected);
    EXPECT_EQ(difference.need, expected);
    put_random(300);
  }
}

TEST_F(NegTreeKeeperTest, IsGivenUpBeyondItsMemory) {
  options_.max_negentropy_tree_bytes = 100;
  put_random(500);
  const auto keeper = keep("{}");
  EXPECT_TRUE(eventually([&] { return keeper->is_given_up(); }));
  EXPECT_EQ(keeper->view({}), nullptr);
}

}  // namespace
}  // namespace pharos::relay
