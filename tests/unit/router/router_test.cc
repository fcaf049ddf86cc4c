// The router over real sockets, a real store and the real pipeline, against a scripted relay on loopback.

#include "router/router.h"

#include <gmock/gmock.h>

#include "ingest/pipeline.h"
#include "nostr/schnorr.h"
#include "storage/seq_scan.h"
#include "support/eventually.h"
#include "support/scripted_relay_server.h"
#include "support/signed_notes.h"
#include "support/temp_dir.h"

namespace pharos::router::test {
namespace {

using pharos::test::ScriptedRelay;
using pharos::test::ScriptedRelayServer;
using testing::eventually;
using testing::signed_notes;

// One instance: what app wires around a router.
class Instance {
 public:
  Instance(const std::filesystem::path& directory, net::IoShards& shards, RouterOptions options) {
    storage::StoreOptions store_options;
    store_options.directory = directory;
    store_options.map_size_bytes = std::uint64_t{1} << 30;
    store = std::move(storage::Store::open(store_options, clock)).value();
    sink = ingest::make_pipeline({}, *store, pool, clock);
    const SecretKey secret = generate_secret_key(random);
    RouterServices services{shards.background(), *sink, *store, clock, random, {}, *derive_public_key(secret), {}};
    pubkey = services.own_key;
    services.signer = [this, secret](Event& event) { sign_event(event, secret, random); };
    options.link.backoff.first = std::chrono::milliseconds(50);
    router = std::make_unique<Router>(std::move(options), std::move(services));
    router->start();
  }
  ~Instance() {
    router->stop();
    sink->stop();
    sink->wait_idle(std::chrono::seconds(5));
    pool.stop();
    router.reset();
    store->stop();
  }
  // A local client's event.
  void publish(const Event& event) {
    ingest::Submission submission;
    submission.event = std::make_shared<const Event>(event);
    submission.done = [](const ingest::Verdict&) {};
    EXPECT_TRUE(sink->submit(std::move(submission)));
  }
  bool holds(const std::vector<Event>& events) const {
    return std::all_of(events.begin(), events.end(), [this](const Event& event) { return store->contains(event.id); });
  }
  UpstreamStatus status(std::size_t i = 0) const {
    const auto all = router->status();
    return i < all.size() ? all[i] : UpstreamStatus{};
  }

  SystemClock clock;
  SystemRandom random;
  WorkerPool pool{"test", 2, 256};
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<ingest::Pipeline> sink;
  std::unique_ptr<Router> router;
  PublicKey pubkey;
};

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() { shards.start(); }
  ~RouterTest() override {
    instance.reset();
    relay.reset();
    shards.stop();
  }
  UpstreamOptions upstream(const std::string& name, const std::string& url, Direction direction = Direction::down) {
    UpstreamOptions out;
    out.name = name;
    out.url = RelayUrl::parse(url).value();
    out.direction = direction;
    return out;
  }
  RouterOptions with(UpstreamOptions upstream) {
    RouterOptions options;
    options.upstreams.push_back(std::move(upstream));
    return options;
  }
  void open(RouterOptions options) {
    instance = std::make_unique<Instance>(directory.path(), shards, std::move(options));
  }
  void fill(const std::vector<Event>& events) {
    relay->with([&](ScriptedRelay& r) {
      for (const Event& event : events) r.store(event);
    });
  }

  testing::TempDir directory;
  net::IoShards shards{1};
  SystemClock clock;
  std::unique_ptr<ScriptedRelayServer> relay = std::make_unique<ScriptedRelayServer>(shards);
  std::unique_ptr<Instance> instance;
};
using Routing = RouterTest;

TEST_F(Routing, MirrorsHistoryAndThenLiveEvents) {
  const auto history = signed_notes(3'000, clock.unix_now() - 90'000, 1);
  fill(history);
  open(with(upstream("one", relay->url())));
  const auto has_all = [&](std::uint64_t novel) {
    return eventually([&] {
      const UpstreamStatus status = instance->status();
      return status.state == UpstreamState::live && !status.ledgers.empty() &&
             status.ledgers[0].complete_share > 0.99 && status.novel == novel;
    });
  };
  ASSERT_TRUE(has_all(3'000));
  EXPECT_TRUE(instance->holds(history));
  const auto pages = [&] { return instance->status().pages_complete + instance->status().pages_empty; };
  const std::uint64_t pages_of_history = pages();
  const auto live = signed_notes(5, clock.unix_now(), 2);
  fill(live);
  EXPECT_TRUE(eventually([&] { return instance->holds(live); }));
  ASSERT_TRUE(has_all(3'005));
  EXPECT_EQ(pages(), pages_of_history) << "they came live";
  EXPECT_EQ(instance->status().invalid, 0U);
  EXPECT_THAT(status_json(instance->router->status()), ::testing::HasSubstr("\"state\":\"live\""));
}

TEST_F(Routing, ResumesAfterARestartAndFetchesOnlyTheGap) {
  const auto history = signed_notes(2'000, clock.unix_now() - 90'000, 1);
  fill(history);
  open(with(upstream("one", relay->url())));
  ASSERT_TRUE(eventually(
      [&] {
        const UpstreamStatus status = instance->status();
        return !status.ledgers.empty() && status.ledgers[0].complete_share > 0.99;
      },
      std::chrono::seconds(30)));
  instance.reset();
  const auto gap = signed_notes(20, clock.unix_now() - 5, 3);
  fill(gap);
  open(with(upstream("one", relay->url())));
  ASSERT_TRUE(eventually([&] { return instance->holds(gap); }));
  ASSERT_TRUE(eventually([&] { return instance->status().state == UpstreamState::live; }));
  EXPECT_LT(instance->status().novel + instance->status().duplicate, 100U);
}

TEST_F(Routing, SurvivesARelayThatGoesAwayInTheMiddle) {
  const auto history = signed_notes(3'000, clock.unix_now() - 90'000, 1);
  fill(history);
  relay->with([](ScriptedRelay& r) { r.script.drops_after = 1'300; });
  open(with(upstream("one", relay->url())));
  EXPECT_TRUE(eventually([&] { return instance->holds(history); }, std::chrono::seconds(60)));
}

TEST_F(Routing, CountsForgedEventsAndNeverStoresThem) {
  auto forged = signed_notes(3, clock.unix_now() - 5'000, 4);
  forged[0].content += "!";
  forged[1].sig.data[5] ^= 1U;
  fill(forged);
  open(with(upstream("one", relay->url())));
  ASSERT_TRUE(eventually([&] { return instance->status().invalid >= 2; }));
  EXPECT_FALSE(instance->store->contains(forged[0].id));
  EXPECT_FALSE(instance->store->contains(forged[1].id));
  EXPECT_TRUE(eventually([&] { return instance->store->contains(forged[2].id); }));
  EXPECT_THAT(instance->status().invalid_reasons, ::testing::SizeIs(2));
}

TEST_F(Routing, AForgedBodyDoesNotKeepTheTrueEventOut) {
  ScriptedRelayServer honest(shards);
  auto events = signed_notes(1, clock.unix_now() - 5'000, 5);
  auto forged = events;
  forged[0].content = "not what the author wrote";
  fill(forged);
  RouterOptions options = with(upstream("liar", relay->url()));
  options.upstreams.push_back(upstream("honest", honest.url()));
  open(std::move(options));
  ASSERT_TRUE(eventually([&] { return instance->status(0).invalid >= 1; }));
  honest.with([&](ScriptedRelay& r) { r.store(events[0]); });
  EXPECT_TRUE(eventually([&] { return instance->holds(events); }));
}

TEST_F(Routing, PublishesLocalEventsAndNeverEchoesThoseOfTheUpstream) {
  const auto theirs = signed_notes(600, clock.unix_now() - 90'000, 1);
  fill(theirs);
  open(with(upstream("one", relay->url(), Direction::both)));
  ASSERT_TRUE(eventually([&] { return instance->holds(theirs); }, std::chrono::seconds(20)));
  const auto ours = signed_notes(300, clock.unix_now() - 10, 6);
  for (const Event& event : ours) instance->publish(event);
  ASSERT_TRUE(eventually([&] { return instance->status().sent_accepted == ours.size(); }, std::chrono::seconds(20)));
  fill(signed_notes(5, clock.unix_now(), 7));
  ASSERT_TRUE(eventually([&] { return instance->status().backlog == 0; }));
  relay->with([&](ScriptedRelay& r) {
    EXPECT_EQ(r.received_events(), ours.size());
    EXPECT_EQ(r.size(), theirs.size() + ours.size() + 5);
  });
}

TEST_F(Routing, PublishesWhatWasStoredWhileTheUpstreamOrWeWereDown) {
  open(with(upstream("one", relay->url(), Direction::up)));
  ASSERT_TRUE(eventually([&] { return instance->status().connected_since > 0; }));
  const std::string address = relay->address();
  relay.reset();
  const auto first = signed_notes(100, clock.unix_now() - 100, 8);
  for (const Event& event : first) instance->publish(event);
  ASSERT_TRUE(eventually([&] { return instance->status().backlog == first.size(); }));
  instance.reset();
  open(with(upstream("one", "ws://" + address, Direction::up)));
  const auto second = signed_notes(100, clock.unix_now() - 50, 9);
  for (const Event& event : second) instance->publish(event);
  relay = std::make_unique<ScriptedRelayServer>(shards, address);
  ASSERT_TRUE(eventually([&] { return instance->status().sent_accepted == 200; }, std::chrono::seconds(30)));
  relay->with([&](ScriptedRelay& r) {
    for (const Event& event : first) EXPECT_NE(r.find(event.id), nullptr);
    EXPECT_EQ(r.size(), 200U);
  });
}

TEST_F(Routing, ForwardsEphemeralEventsWhileConnected) {
  open(with(upstream("one", relay->url(), Direction::up)));
  ASSERT_TRUE(eventually([&] { return instance->status().connected_since > 0; }));
  auto notes = signed_notes(1, clock.unix_now(), 10);
  notes[0].kind = 20'001;
  sign_event(notes[0], generate_secret_key(instance->random), instance->random);
  instance->publish(notes[0]);
  EXPECT_TRUE(eventually([&] {
    bool there = false;
    relay->with([&](ScriptedRelay& r) { there = r.find(notes[0].id) != nullptr; });
    return there;
  }));
}

TEST_F(Routing, AnswersAuthWithItsIdentity) {
  relay->with([](ScriptedRelay& r) { r.script.requires_auth = true; });
  const auto history = signed_notes(20, clock.unix_now() - 9'000, 11);
  fill(history);
  open(with(upstream("one", relay->url(), Direction::both)));
  EXPECT_TRUE(eventually([&] { return instance->holds(history); }));
  Event answer;
  relay->with([&](ScriptedRelay& r) { answer = r.last_auth(); });
  EXPECT_EQ(answer.pubkey, instance->pubkey);
  EXPECT_EQ(verify_event(answer), EventFault::none);
}

TEST_F(Routing, ReplacesTheListOfUpstreams) {
  ScriptedRelayServer other(shards);
  const auto mine = signed_notes(20, clock.unix_now() - 9'000, 12);
  const auto others = signed_notes(20, clock.unix_now() - 9'000, 13);
  fill(mine);
  other.with([&](ScriptedRelay& r) {
    for (const Event& event : others) r.store(event);
  });
  open(with(upstream("one", relay->url())));
  ASSERT_TRUE(eventually([&] { return instance->holds(mine); }));
  RouterOptions next = with(upstream("one", other.url()));
  UpstreamOptions off = upstream("off", "ws://127.0.0.1:1");
  off.enabled = false;
  next.upstreams.push_back(off);
  instance->router->apply(std::move(next));
  EXPECT_TRUE(eventually([&] { return instance->holds(others); }));
  ASSERT_TRUE(eventually([&] { return instance->router->status().size() == 2; }));
  EXPECT_EQ(instance->status(1).state, UpstreamState::disabled);
  relay->with([](ScriptedRelay& r) { EXPECT_EQ(r.open_subscriptions(), 0U); });
}

TEST_F(Routing, ReadsTheStoreBySequenceNumber) {
  open({});
  const auto notes = signed_notes(50, clock.unix_now() - 100, 14);
  for (const Event& event : notes) instance->publish(event);
  ASSERT_TRUE(eventually([&] { return instance->store->last_seq() == 50; }));
  std::vector<storage::Seq> seen;
  const auto visit = [&](const storage::RecordView& record) { seen.push_back(record.seq()); };
  EXPECT_EQ(storage::scan_by_seq(*instance->store, 10, 50, 5, visit).value(), 15U);
  EXPECT_THAT(seen, ::testing::ElementsAre(11, 12, 13, 14, 15));
  EXPECT_EQ(storage::scan_by_seq(*instance->store, 47, 49, 100, visit).value(), 49U);
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(storage::scan_by_seq(*instance->store, 50, 60, 100, visit).value(), 60U);
}

}  // namespace
}  // namespace pharos::router::test
