#include "relay/serving_shard.h"

#include <set>
#include <stdexcept>

#include "session_fixture.h"

namespace pharos::relay {
namespace {

using ::testing::ElementsAre;

class Receiver final : public ShardMember {
 public:
  void on_live(std::uint64_t key, const LiveEventPtr& event) override {
    seen.emplace_back(key, event->seq());
    text = event->message_end().text().data();
    if (on_event) on_event();
  }
  void on_events_lost() override {
    ++lost;
    lost_after.insert(seen.size());
  }
  void on_verdict(const VerdictInbox::Entry& entry, std::string&) override {
    verdicts.push_back(entry.verdict.fate);
    if (on_fate) on_fate();
  }
  void retry() override {
    if (on_timer) on_timer();
    ++retries;
  }
  bool tick() override {
    if (on_timer) on_timer();
    return ++ticks < 3;
  }
  void begin_drain() override {}
  void obey(const std::shared_ptr<const ingest::AccessRules>&) override {}
  void wake() override {
    if (on_timer) on_timer();
    ++wakes;
  }
  void obey(const std::shared_ptr<const RateRules>&) override {}
  void shut_down() override {}

  std::vector<std::pair<std::uint64_t, storage::Seq>> seen;
  const char* text = nullptr;
  int lost = 0;
  std::set<std::size_t> lost_after;  // numbers of events seen when it was told
  std::vector<ingest::Fate> verdicts;
  int retries = 0;
  int ticks = 0;
  int wakes = 0;
  std::function<void()> on_event;
  std::function<void()> on_fate;
  std::function<void()> on_timer;
};

class ServingShardTest : public ::testing::Test {
 protected:
  static FilterList everything() { return std::make_shared<const std::vector<Filter>>(1); }
  LiveBatchPtr batch(storage::Seq from, storage::Seq to) {
    auto out = std::make_shared<LiveBatch>();
    for (storage::Seq seq = from; seq <= to; ++seq) {
      out->events.push_back(std::make_shared<const LiveEvent>(storage::CommittedEvent{seq, 0, event_}));
    }
    return out;
  }

  ManualClock clock_;
  metrics::RelayMetrics metrics_;
  test::FakeStore store_;
  FakeLoop loop_;
  SessionCount sessions_;
  ServingShard shard_{loop_, store_, clock_, sessions_, 42, 10, 1'000, metrics_};
  storage::EventPtr event_ = test::share(Event{});
};

TEST_F(ServingShardTest, DeliversBatchesInOrder) {
  Receiver receiver;
  shard_.watch({&receiver, 7}, everything());
  shard_.publish(batch(1, 2));
  shard_.publish(batch(3, 3));
  loop_.run();
  EXPECT_THAT(receiver.seen, ElementsAre(std::pair{7, 1}, std::pair{7, 2}, std::pair{7, 3}));
}

TEST_F(ServingShardTest, ASubscriptionBeginsAfterWhatCameThroughTheInbox) {
  Receiver receiver;
  EXPECT_EQ(shard_.watch({&receiver, 1}, everything()).newest, 0U);
  shard_.publish(batch(1, 5));
  loop_.run();
  EXPECT_EQ(shard_.watch({&receiver, 2}, everything()).newest, 5U) << "though the store says " << store_.last_seq();
}

TEST_F(ServingShardTest, AnEventIsRenderedOnceForAll) {
  Receiver a;
  Receiver b;
  shard_.watch({&a, 1}, everything());
  shard_.watch({&b, 2}, everything());
  shard_.publish(batch(1, 1));
  loop_.run();
  EXPECT_EQ(a.text, b.text);
}

TEST_F(ServingShardTest, ASubscriptionForgottenDuringADeliveryGetsNothingMore) {
  Receiver a;
  Receiver b;
  const auto first = shard_.watch({&a, 1}, everything()).handle;
  const auto second = shard_.watch({&b, 2}, everything()).handle;
  a.on_event = [&] { shard_.forget(second); };
  b.on_event = [&] { shard_.forget(first); };
  shard_.publish(batch(1, 3));
  loop_.run();
  EXPECT_EQ(a.seen.size() + b.seen.size(), 3U) << "whoever came first has silenced the other";
}

TEST_F(ServingShardTest, ALaggingShardLosesBatchesAndSaysSo) {
  const auto member = std::make_shared<Receiver>();
  shard_.attach(member);
  shard_.watch({member.get(), 1}, everything());
  for (storage::Seq seq = 1; seq <= 20; ++seq) shard_.publish(batch(seq, seq));
  loop_.run();
  EXPECT_EQ(member->seen.size(), 10U);
  EXPECT_EQ(member->lost, 1);
  Receiver late;
  EXPECT_EQ(shard_.watch({&late, 2}, everything()).newest, 20U) << "what was lost live is for the scan";
  shard_.publish(batch(21, 21));
  loop_.run();
  EXPECT_EQ(member->seen.size(), 11U) << "and then it goes on";
  EXPECT_EQ(member->lost, 1);
  shard_.detach(member.get());
  loop_.run();
}

TEST_F(ServingShardTest, ALossIsAnnouncedWhileTheOverloadLasts) {
  const auto member = std::make_shared<Receiver>();
  shard_.attach(member);
  shard_.watch({member.get(), 1}, everything());
  storage::Seq seq = 0;
  const auto publish_three = [&] {
    for (int i = 0; i < 3; ++i) {
      ++seq;
      shard_.publish(batch(seq, seq));
    }
  };
  for (int i = 0; i < 4; ++i) publish_three();
  // Three come for every one that is taken: the inbox is never empty again.
  for (int turn = 0; turn < 40; ++turn) {
    loop_.run_one();
    publish_three();
  }
  EXPECT_EQ(member->seen.size(), 40U);
  EXPECT_GE(member->lost, 20);
  for (std::size_t i = 1; i < member->seen.size(); ++i) {
    const bool has_gap = member->seen[i].second != member->seen[i - 1].second + 1;
    EXPECT_EQ(has_gap, member->lost_after.contains(i)) << "event " << i;
  }
  shard_.detach(member.get());
  loop_.run();
}

TEST_F(ServingShardTest, TheInboxIsBoundedInBytesToo) {
  const auto member = std::make_shared<Receiver>();
  shard_.attach(member);
  shard_.watch({member.get(), 1}, everything());
  for (storage::Seq seq = 1; seq <= 4; ++seq) {
    auto large = std::make_shared<LiveBatch>(*batch(seq, seq));
    large->bytes = 400;
    shard_.publish(large);
  }
  loop_.run();
  EXPECT_THAT(member->seen, ElementsAre(std::pair{1, 1}, std::pair{1, 2}));
  EXPECT_EQ(member->lost, 1);
  shard_.publish(batch(5, 5));
  loop_.run();
  EXPECT_EQ(member->seen.size(), 3U);
  shard_.detach(member.get());
  loop_.run();
}

TEST_F(ServingShardTest, ABatchLargerThanTheCapStillPassesAnEmptyInbox) {
  Receiver receiver;
  shard_.watch({&receiver, 1}, everything());
  shard_.publish(batch(1, 50));
  loop_.run();
  EXPECT_EQ(receiver.seen.size(), 50U);
}

TEST_F(ServingShardTest, VerdictsReachTheirSendersInOrderWithOneTurnOfTheLoop) {
  const auto a = std::make_shared<Receiver>();
  const auto b = std::make_shared<Receiver>();
  auto gone = std::make_shared<Receiver>();
  shard_.answer({a, {}, {ingest::Fate::stored, {}, {}}, {}});
  shard_.answer({gone, {}, {ingest::Fate::stored, {}, {}}, {}});
  shard_.answer({b, {}, {ingest::Fate::replaced, {}, {}}, {}});
  shard_.answer({a, {}, {ingest::Fate::duplicate, {}, {}}, {}});
  gone.reset();
  loop_.run_one();
  EXPECT_THAT(a->verdicts, ElementsAre(ingest::Fate::stored, ingest::Fate::duplicate));
  EXPECT_THAT(b->verdicts, ElementsAre(ingest::Fate::replaced));
  shard_.answer({b, {}, {ingest::Fate::stored, {}, {}}, {}});
  loop_.run_one();
  EXPECT_EQ(b->verdicts.size(), 2U);
}

TEST_F(ServingShardTest, ASessionThatThrowsKeepsNoVerdictFromTheOthers) {
  const auto faulty = std::make_shared<Receiver>();
  const auto sound = std::make_shared<Receiver>();
  faulty->on_fate = [] { throw std::runtime_error("out of something"); };
  for (const ingest::Fate fate : {ingest::Fate::stored, ingest::Fate::replaced}) {
    shard_.answer({faulty, {}, {fate, {}, {}}, {}});
    shard_.answer({sound, {}, {fate, {}, {}}, {}});
  }
  EXPECT_THROW(loop_.run_one(), std::runtime_error) << "for the loop to count";
  shard_.answer({sound, {}, {ingest::Fate::duplicate, {}, {}}, {}});
  loop_.run();
  EXPECT_THAT(sound->verdicts, ElementsAre(ingest::Fate::stored, ingest::Fate::replaced, ingest::Fate::duplicate));
  EXPECT_THAT(faulty->verdicts, ElementsAre(ingest::Fate::stored, ingest::Fate::replaced)) << "none twice";
  shard_.answer({sound, {}, {ingest::Fate::stored, {}, {}}, {}});
  loop_.run();
  EXPECT_EQ(sound->verdicts.size(), 4U);
}

TEST_F(ServingShardTest, ASubscriberThatThrowsIsToldOfItsLossAndKeepsNothingFromTheOthers) {
  Receiver faulty;
  Receiver sound;
  faulty.on_event = [] { throw std::runtime_error("out of something"); };
  shard_.watch({&faulty, 1}, everything());
  shard_.watch({&sound, 2}, everything());
  shard_.publish(batch(1, 2));
  shard_.publish(batch(3, 3));
  EXPECT_THROW(loop_.run_one(), std::runtime_error) << "for the loop to count";
  EXPECT_THROW(loop_.run_one(), std::runtime_error);
  EXPECT_THAT(sound.seen, ElementsAre(std::pair{2, 1}, std::pair{2, 2}, std::pair{2, 3}));
  EXPECT_EQ(faulty.lost, 3);
  faulty.on_event = nullptr;
  shard_.publish(batch(4, 4));
  loop_.run();
  EXPECT_EQ(sound.seen.size(), 4U);
}

TEST_F(ServingShardTest, AMemberThatThrowsInTheTimerKeepsNoOtherAsleep) {
  const auto faulty = std::make_shared<Receiver>();
  const auto sound = std::make_shared<Receiver>();
  faulty->on_timer = [] { throw std::runtime_error("out of something"); };
  for (const auto& member : {faulty, sound}) {
    shard_.attach(member);
    shard_.want_ticks(member.get());
    shard_.retry_soon(member);
    shard_.wake_at(clock_.now() + ServingShard::kTick, member);
  }
  clock_.advance(ServingShard::kTick);
  EXPECT_THROW(loop_.expire(), std::runtime_error);
  EXPECT_EQ(std::tuple(sound->retries, sound->wakes, sound->ticks), std::tuple(1, 1, 1));
  EXPECT_TRUE(loop_.is_armed()) << "for the next tick";
  for (const auto& member : {faulty, sound}) shard_.detach(member.get());
  loop_.run();
}

TEST_F(ServingShardTest, RetriesThoseThatAskedAndAreStillThere) {
  const auto stays = std::make_shared<Receiver>();
  auto goes = std::make_shared<Receiver>();
  shard_.retry_soon(stays);
  shard_.retry_soon(goes);
  goes.reset();
  loop_.expire();
  EXPECT_EQ(stays->retries, 1);
  EXPECT_FALSE(loop_.is_armed());
}

TEST_F(ServingShardTest, TicksForThoseThatWantItUntilTheyDoNot) {
  const auto wants = std::make_shared<Receiver>();
  const auto goes = std::make_shared<Receiver>();
  shard_.attach(wants);
  shard_.attach(goes);
  shard_.want_ticks(wants.get());
  shard_.want_ticks(goes.get());
  loop_.expire();
  EXPECT_EQ(wants->ticks, 1);
  shard_.detach(goes.get());
  shard_.retry_soon(wants);
  loop_.expire();
  EXPECT_EQ(wants->retries, 1);
  EXPECT_EQ(wants->ticks, 1) << "it is not time yet";
  clock_.advance(ServingShard::kTick);
  loop_.expire();
  EXPECT_EQ(wants->ticks, 2);
  loop_.expire();
  loop_.expire();
  EXPECT_EQ(wants->ticks, 3) << "it said that it wants no more";
  EXPECT_EQ(goes->ticks, 1);
  EXPECT_FALSE(loop_.is_armed());
  shard_.detach(wants.get());
  loop_.run();
}

TEST_F(ServingShardTest, WakesEachMemberAtItsTimeBesideTicksAndRetries) {
  const auto late = std::make_shared<Receiver>();
  const auto early = std::make_shared<Receiver>();
  shard_.attach(early);
  shard_.wake_at(clock_.now() + std::chrono::milliseconds(1'500), late);
  shard_.wake_at(clock_.now() + std::chrono::milliseconds(500), early);
  shard_.want_ticks(early.get());
  clock_.advance(std::chrono::milliseconds(500));
  loop_.expire();
  EXPECT_EQ(std::tuple(early->wakes, late->wakes, early->ticks), std::tuple(1, 0, 0));
  clock_.advance(std::chrono::milliseconds(500));
  loop_.expire();
  EXPECT_EQ(std::tuple(early->wakes, late->wakes, early->ticks), std::tuple(1, 0, 1));
  shard_.retry_soon(early);
  clock_.advance(std::chrono::milliseconds(500));
  loop_.expire();
  EXPECT_EQ(std::tuple(early->wakes, late->wakes, early->retries), std::tuple(1, 1, 1));
}

TEST_F(ServingShardTest, AMemberThatIsGoneIsNotWoken) {
  auto member = std::make_shared<Receiver>();
  shard_.wake_at(clock_.now() + std::chrono::seconds(1), member);
  member.reset();
  clock_.advance(std::chrono::seconds(1));
  loop_.expire();
  EXPECT_FALSE(loop_.is_armed());
}

}  // namespace
}  // namespace pharos::relay
