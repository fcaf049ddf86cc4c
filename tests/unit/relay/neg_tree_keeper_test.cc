#include "relay/neg_tree_keeper.h"

#include <atomic>
#include <deque>
#include <future>

#include <gmock/gmock.h>

#include "nostr/message.h"
#include "relay/access.h"
#include "relay/neg_session.h"
#include "support/event_factory.h"
#include "support/eventually.h"
#include "support/random_events.h"
#include "support/temp_dir.h"

namespace pharos::relay {
namespace {

using storage::SliceEnd;
using testing::eventually;

// Passes slices on and counts them; or, where they are held, keeps them for the test to run.
class WatchedRunner final : public SliceRunner {
 public:
  explicit WatchedRunner(std::shared_ptr<SliceRunner> runner) : runner_(std::move(runner)) {}

  bool run(std::shared_ptr<SlicedWork> work, std::function<void(ScanSlice&&)> done) override {
    ++slices;
    if (!holds) return runner_->run(std::move(work), std::move(done));
    held.emplace_back(std::move(work), std::move(done));
    return true;
  }
  // The records that the first of those looked at.
  std::size_t run_held(const storage::Store& store, const Clock& clock) {
    const auto [work, done] = std::move(held.front());
    held.pop_front();
    ScanSlice slice = work->run_slice(store, clock);
    const std::size_t scanned = slice.scanned;
    done(std::move(slice));
    return scanned;
  }

  std::atomic<std::size_t> slices{0};
  bool holds = false;
  std::deque<std::pair<std::shared_ptr<SlicedWork>, std::function<void(ScanSlice&&)>>> held;

 private:
  const std::shared_ptr<SliceRunner> runner_;
};

class NegTreeKeeperTest : public ::testing::Test {
 protected:
  NegTreeKeeperTest() {
    storage::StoreOptions store_options;
    store_options.directory = directory_.path();
    store_options.map_size_bytes = std::uint64_t{1} << 30U;
    store_options.durability = storage::Durability::os;
    store_ = std::move(storage::Store::open(store_options, clock_)).value();
    runner_ = std::make_shared<WatchedRunner>(
        std::make_shared<QueryRunner>(*store_, pool_, clock_, 2, 1000, metrics::RelayMetrics{}));
    metrics_.neg_tree_memory = metrics::Gauge(&tree_bytes_);
    metrics_.neg_memory = metrics::Gauge(&session_bytes_);
    for (std::size_t i = 0; i < given_up_.size(); ++i) {
      metrics_.neg_trees_given_up[i] = metrics::Counter(&given_up_[i]);
    }
  }
  ~NegTreeKeeperTest() override {
    pool_.stop();
    store_->stop();
  }

  std::shared_ptr<NegTreeKeeper> keep(const std::string& filter) {
    if (!memory_) memory_ = std::make_shared<NegMemory>(options_.max_negentropy_bytes, metrics_);
    auto keeper = std::make_shared<NegTreeKeeper>(*store_, clock_, runner_, memory_, parse_filter(filter).value(),
                                                  options_, metrics_);
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
  // That many of one second, with ids of their own.
  static std::vector<Event> crowd(std::size_t n, UnixSeconds at, const std::string& name) {
    std::vector<Event> events;
    for (std::size_t i = 0; i < n; ++i) {
      events.push_back(test::unsigned_event({1, name + std::to_string(i), {}, at, 0}));
    }
    return events;
  }
  // That many, a second each, that expire much later: 96 bytes each.
  std::vector<Event> expiring(std::size_t n, UnixSeconds start) const {
    const std::string expires_at = std::to_string(clock_.unix_now() + 1'000'000);
    std::vector<Event> events;
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = start + static_cast<UnixSeconds>(i);
      events.push_back(test::unsigned_event({1, std::to_string(i), {{"expiration", expires_at}}, at, 0}));
    }
    return events;
  }
  std::uint64_t given_up_for(metrics::RelayMetrics::NegTreeGivenUp reason) const {
    return metrics::cell(metrics_.neg_trees_given_up, reason).value();
  }
  // What a client without events learns it lacks; `cut_short` where there is no answer.
  std::vector<EventId> ids_from(NegSession& session) {
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
      session_end_ = slice.end;
      session_no_room_ = slice.no_room;
      if (slice.end != SliceEnd::finished) return {};
      const auto reply = parse_relay_message(slice.bytes);
      message = NegTurn(nothing, std::get<NegMessageReply>(reply.value()).message, kLeastNegFrame, &difference)
                    .finish()
                    .value();
    }
    difference.make_unique();
    return difference.need;
  }
  std::vector<EventId> ids_stored() {
    std::vector<EventId> ids;
    for (const NegItem& item : items_of({})) ids.push_back(item.id);
    std::ranges::sort(ids);
    return ids;
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
  std::shared_ptr<WatchedRunner> runner_;
  std::atomic<std::int64_t> tree_bytes_{0};
  std::atomic<std::int64_t> session_bytes_{0};
  std::array<std::atomic<std::uint64_t>, 3> given_up_{};
  metrics::RelayMetrics metrics_;
  std::shared_ptr<NegMemory> memory_;
  SliceEnd session_end_ = SliceEnd::more;
  bool session_no_room_ = false;
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
  auto session = std::make_unique<NegSession>(std::vector{Filter{}}, std::make_shared<const KeyList>(), "n", memory_,
                                              keeper, options_);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(ids_from(*session), ids_stored());
    EXPECT_EQ(session_end_, SliceEnd::finished);
    EXPECT_LE(session_bytes_, static_cast<std::int64_t>(options_.max_negentropy_bytes / 2)) << "between two messages";
    EXPECT_GT(session_bytes_, 0);
    session->park();
    EXPECT_EQ(session_bytes_, 0) << "while its client lets it wait";
    put_random(300);
  }
  session.reset();
  EXPECT_EQ(session_bytes_, 0);
}

TEST_F(NegTreeKeeperTest, WhatAViewReadsIsChargedToTheSession) {
  put_random(2'000);
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  const auto little = std::make_shared<NegMemory>(100, metrics_);
  NegSession session({Filter{}}, std::make_shared<const KeyList>(), "n", little, keeper, options_);
  EXPECT_TRUE(ids_from(session).empty());
  EXPECT_EQ(session_end_, SliceEnd::failed);
  EXPECT_TRUE(session_no_room_);
  EXPECT_EQ(session_bytes_, 0);
}

TEST_F(NegTreeKeeperTest, IsGivenUpBeyondItsMemory) {
  options_.max_negentropy_tree_bytes = 100;
  put_random(500);
  const auto keeper = keep("{}");
  EXPECT_TRUE(eventually([&] { return keeper->is_given_up(); }));
  EXPECT_EQ(keeper->view({}), nullptr);
}

TEST_F(NegTreeKeeperTest, IsGivenUpAsSoonAsItsMemoryIsUsedUpWhileItIsBuilt) {
  put(expiring(2'000, 1'700'000'000));
  options_.slice_records = 20;
  options_.max_negentropy_tree_bytes = 60'000;
  runner_->holds = true;
  const auto keeper = keep("{}");
  std::int64_t most = 0;
  while (!runner_->held.empty()) {
    runner_->run_held(*store_, clock_);
    most = std::max(most, tree_bytes_.load());
  }
  EXPECT_TRUE(keeper->is_given_up());
  EXPECT_GT(most, 50'000) << "told while it grows";
  EXPECT_LE(most, 60'000);
  EXPECT_LT(runner_->slices, 50U) << "of the hundred and more that all events take";
  EXPECT_EQ(tree_bytes_, 0);
  EXPECT_EQ(given_up_for(metrics::RelayMetrics::NegTreeGivenUp::memory), 1U);
}

TEST_F(NegTreeKeeperTest, WhatComesWhileItIsBuiltCountsAgainstItsMemory) {
  options_.max_negentropy_tree_bytes = 20'000;
  runner_->holds = true;
  const auto keeper = keep("{}");
  put(crowd(400, 1'700'000'000, "a"));
  EXPECT_TRUE(eventually([&] { return keeper->is_given_up(); }));
  EXPECT_EQ(tree_bytes_, 0);
  EXPECT_EQ(given_up_for(metrics::RelayMetrics::NegTreeGivenUp::memory), 1U);
  runner_->run_held(*store_, clock_);
  EXPECT_TRUE(runner_->held.empty());
}

TEST_F(NegTreeKeeperTest, StopEndsTheBuildingAtOnce) {
  put(expiring(1'000, 1'700'000'000));
  options_.slice_records = 50;
  runner_->holds = true;
  const auto keeper = keep("{}");
  EXPECT_GT(runner_->run_held(*store_, clock_), 10U);
  ASSERT_EQ(runner_->held.size(), 1U);
  keeper->stop();
  EXPECT_LE(runner_->run_held(*store_, clock_), 1U);
  EXPECT_TRUE(runner_->held.empty()) << "no further slice";
  EXPECT_EQ(keeper->view({}), nullptr);
  EXPECT_EQ(tree_bytes_, 0);
  EXPECT_EQ(given_up_for(metrics::RelayMetrics::NegTreeGivenUp::memory), 0U);
}

TEST_F(NegTreeKeeperTest, OneThatIsGivenUpLeavesItsSessionsToTheCollectedSet) {
  put(expiring(200, 1'700'000'000));
  options_.max_negentropy_tree_bytes = 60'000;
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  NegSession session({Filter{}}, std::make_shared<const KeyList>(), "n", memory_, keeper, options_);
  EXPECT_EQ(ids_from(session), ids_stored());
  const auto before = keeper->view({});
  const std::size_t size = before->size();
  put(expiring(600, 1'700'001'000));
  ASSERT_TRUE(eventually([&] { return keeper->is_given_up(); }));
  EXPECT_EQ(keeper->view({}), nullptr);
  EXPECT_EQ(before->size(), size) << "a view is of its moment";
  EXPECT_EQ(ids_from(session), ids_stored());
  EXPECT_EQ(session_end_, SliceEnd::finished);
}

TEST_F(NegTreeKeeperTest, ACopyThatViewsHoldBesideTheNewestIsCharged) {
  put_random(2'000);
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  auto grow = [&, n = 0]() mutable {
    const std::size_t before = keeper->view({})->size();
    put(crowd(1, 1'700'030'000 + n++, "new"));
    ASSERT_TRUE(eventually([&] { return keeper->view({})->size() > before; }));
  };
  auto first = keeper->view({});
  EXPECT_EQ(&keeper->view({})->buckets(), &first->buckets()) << "as long as nothing changes";
  EXPECT_EQ(session_bytes_, 0) << "of the tree";
  grow();
  EXPECT_EQ(session_bytes_, static_cast<std::int64_t>(first->buckets().bytes()));
  auto second = keeper->view({});
  grow();
  EXPECT_EQ(session_bytes_, static_cast<std::int64_t>(first->buckets().bytes() + second->buckets().bytes()));
  first.reset();
  second.reset();
  EXPECT_EQ(session_bytes_, 0);
}

TEST_F(NegTreeKeeperTest, WithoutMemoryForAnotherCopyAViewIsOfTheMomentBefore) {
  options_.max_negentropy_bytes = 100;
  put_random(2'000);
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  auto first = keeper->view({});
  put(crowd(1, 1'700'030'000, "new"));
  // A tree behind it has counted the event as well.
  const auto behind = keep("{}");
  ASSERT_TRUE(eventually([&] { return behind->is_whole(); }));
  EXPECT_EQ(&keeper->view({})->buckets(), &first->buckets());
  EXPECT_TRUE(compare(*keeper->view({}), [&] {
    auto items = items_of({});
    std::erase_if(items, [](const NegItem& item) { return item.created_at == 1'700'030'000; });
    return items;
  }()));
  EXPECT_EQ(session_bytes_, 0);
  first.reset();
  expect_right(*keeper, "{}");
}

TEST_F(NegTreeKeeperTest, WhatOneViewReadTheNextKnows) {
  put_random(2'000);
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  NegReadBuckets read(*memory_);
  const auto read_all = [&] {
    const auto view = keeper->view({}, &read);
    std::vector<NegItem> items;
    for (std::size_t i = 0; i < view->size(); ++i) items.push_back(view->at(i));
    EXPECT_EQ(items, items_of({}));
    EXPECT_FALSE(view->is_stale());
    return view->scanned();
  };
  EXPECT_GE(read_all(), items_of({}).size());
  EXPECT_GE(session_bytes_, static_cast<std::int64_t>(items_of({}).size() * sizeof(NegItem)));
  EXPECT_EQ(read_all(), 0U);

  const std::size_t before = keeper->view({})->size();
  put(crowd(1, 1'700'030'000, "new"));
  ASSERT_TRUE(eventually([&] { return keeper->view({})->size() > before; }));
  const std::size_t scanned = read_all();
  EXPECT_GT(scanned, 0U) << "of the bucket that has changed";
  EXPECT_LE(scanned, NegTree::kMost + 1);
}

TEST_F(NegTreeKeeperTest, WhatAViewReadIsKeptInHalfOfTheMemoryAtMost) {
  options_.max_negentropy_bytes = 40'000;
  put_random(2'000);
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  {
    NegReadBuckets read(*memory_);
    const auto view = keeper->view({}, &read);
    for (std::size_t i = 0; i < view->size(); ++i) view->at(i);
    EXPECT_GT(session_bytes_, 0);
    EXPECT_LE(session_bytes_, 20'000);
    EXPECT_TRUE(compare(*view, items_of({})));
  }
  EXPECT_EQ(session_bytes_, 0);
}

TEST_F(NegTreeKeeperTest, ACrowdedSecondIsReadOnce) {
  constexpr std::size_t kCrowd = 3'000;
  put(crowd(kCrowd, 1'700'000'000, "a"));
  put(crowd(100, 1'699'999'999, "b"));
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  const auto view = keeper->view({});
  ASSERT_GT(view->buckets().buckets(), 10U);
  for (std::size_t i = 0; i < view->size(); ++i) view->at(i);
  EXPECT_FALSE(view->is_stale());
  EXPECT_GE(view->scanned(), kCrowd);
  EXPECT_LT(view->scanned(), kCrowd + 200);
  // A part of it costs no more than its buckets.
  const auto again = keeper->view({});
  again->sum(kCrowd / 2, kCrowd / 2 + 10);
  EXPECT_LT(again->scanned(), 2 * NegTree::kMost);
}

TEST_F(NegTreeKeeperTest, SplitsASecondThatIsCrowdedLater) {
  options_.slice_records = 100;
  put(crowd(10, 1'700'000'100, "later"));
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  for (int round = 0; round < 4; ++round) put(crowd(700, 1'700'000'000, "round " + std::to_string(round) + " "));
  int more = 0;
  EXPECT_TRUE(eventually([&] {
    put(crowd(1, 1'700'000'000, "more " + std::to_string(more++)));
    const auto view = keeper->view({});
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < view->buckets().buckets(); ++i) {
      largest = std::max(largest, view->buckets().bucket(i).count);
    }
    return largest <= NegTree::kMost;
  }));
  expect_right(*keeper, "{}");
}

TEST_F(NegTreeKeeperTest, ExpirationsOfOneSecondGoWithTheirEvents) {
  const auto keeper = keep("{}");
  ASSERT_TRUE(eventually([&] { return keeper->is_whole(); }));
  std::vector<Event> events;
  const std::string expires_at = std::to_string(clock_.unix_now() + 1000);
  for (int i = 0; i < 200; ++i) {
    events.push_back(test::unsigned_event({1, std::to_string(i), {{"expiration", expires_at}}, 1'700'000'000 + i, 0}));
  }
  put(events);
  ASSERT_TRUE(eventually([&] { return keeper->view({})->size() == 200; }));
  const std::int64_t with_all = tree_bytes_;
  storage::EraseRequest request;
  for (storage::Seq seq = 1; seq <= 200; seq += 2) request.events.push_back(seq);
  ASSERT_TRUE(store_->submit_erase(std::move(request)));
  ASSERT_TRUE(eventually([&] { return keeper->view({})->size() == 100; }));
  expect_right(*keeper, "{}");
  EXPECT_EQ(with_all - tree_bytes_, 100 * 96);
  clock_.advance(std::chrono::seconds(1000));
  EXPECT_EQ(keeper->view({})->size(), 0U);
  EXPECT_EQ(with_all - tree_bytes_, 200 * 96);
}

}  // namespace
}  // namespace pharos::relay
