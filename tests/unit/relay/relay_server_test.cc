// The relay with its real store and real sockets, in one process.

#include <atomic>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "ingest/pipeline.h"
#include "relay/server.h"
#include "support/event_builder.h"
#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/temp_dir.h"

namespace pharos::relay {
namespace {

using test::Person;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::NostrClient;
using ::testing::StartsWith;
using testing::WsClient;

class RelayServerTest : public ::testing::Test {
 protected:
  void start(Options options = {}) {
    storage::StoreOptions store_options;
    store_options.directory = directory_.path();
    store_options.map_size_bytes = std::uint64_t{1} << 30U;
    store_ = std::move(storage::Store::open(store_options, clock_).value());
    pipeline_ = ingest::make_pipeline({}, *store_, pool_, clock_);
    options.listeners[0].listen = "127.0.0.1:0";
    options.urls = {"wss://relay.example.com"};
    server_ = std::make_unique<RelayServer>(
        options, RelayServer::Services{shards_, *store_, *pipeline_, pool_, clock_, random_, {}, nullptr});
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().detail;
    shards_.start();
    address_ = server_->addresses().at(0);
  }
  void TearDown() override {
    if (server_ == nullptr) return;
    pipeline_->stop();
    server_->drain(std::chrono::seconds(5));
    EXPECT_TRUE(pipeline_->wait_idle(std::chrono::seconds(5)));
    shards_.stop();
    pool_.stop();
    store_->stop();
    server_.reset();
  }
  UnixSeconds now() const { return clock_.unix_now(); }
  metrics::NetMetrics net_metrics() {
    metrics::NetMetrics metrics;
    metrics.deflations = metrics::Counter(&deflations_);
    return metrics;
  }
  // How often a long event was compressed on its way to so many live subscribers that negotiated compression, and
  // one that did not.
  std::uint64_t deflations_for(int subscribers) {
    std::vector<std::unique_ptr<NostrClient>> readers;
    WsClient::Options deflate;
    deflate.deflate = true;
    for (int i = 0; i < subscribers; ++i) readers.push_back(std::make_unique<NostrClient>(address_, deflate));
    readers.push_back(std::make_unique<NostrClient>(address_));
    for (std::size_t i = 0; i < readers.size(); ++i) {
      EXPECT_THAT(readers[i]->subscribe("sub " + std::to_string(i), R"({"kinds":[30023]})"), IsEmpty());
    }
    NostrClient writer(address_);
    const Event article = alice_.event(30023, now(), std::string(2'000, 'a') + "\n\"\\", {{"d", "x"}});
    EXPECT_TRUE(writer.publish(article).accepted);
    for (const auto& reader : readers) {
      auto live = reader->next();
      if (live && std::holds_alternative<AuthReply>(*live)) live = reader->next();
      if (!live || !std::holds_alternative<EventReply>(*live)) {
        ADD_FAILURE() << "no event";
        continue;
      }
      EXPECT_EQ(std::get<EventReply>(*live).event, article);
    }
    return deflations_;
  }

  SystemClock clock_;
  SystemRandom random_;
  testing::TempDir directory_;
  WorkerPool pool_{"test", 2, 1024};
  std::atomic<std::uint64_t> deflations_{0};
  net::IoShards shards_{2, net_metrics()};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<ingest::Pipeline> pipeline_;
  std::unique_ptr<RelayServer> server_;
  std::string address_;
  Person alice_{1};
  Person bob_{2};
};

std::vector<EventId> ids(const std::vector<Event>& events) {
  std::vector<EventId> out;
  for (const Event& event : events) out.push_back(event.id);
  return out;
}

TEST_F(RelayServerTest, PublishesQueriesAndListens) {
  start();
  NostrClient writer(address_);
  NostrClient reader(address_);
  const Event first = alice_.event(1, now() - 1, "first");
  EXPECT_TRUE(writer.publish(first).accepted);
  EXPECT_THAT(ids(reader.subscribe("s", R"({"kinds":[1]})")), ElementsAre(first.id));
  const Event second = alice_.event(1, now(), "second");
  EXPECT_TRUE(writer.publish(second).accepted);
  auto live = reader.next();
  if (live && std::holds_alternative<AuthReply>(*live)) live = reader.next();
  ASSERT_TRUE(live && std::holds_alternative<EventReply>(*live));
  EXPECT_EQ(std::get<EventReply>(*live).event, second);
  EXPECT_THAT(ids(writer.query(R"({})")), ElementsAre(second.id, first.id));
  const OkReply again = writer.publish(first);
  EXPECT_TRUE(again.accepted);
  EXPECT_THAT(again.message, StartsWith("duplicate: "));
}

TEST_F(RelayServerTest, Nip09AnEventAndItsDeletionSentInOneGoActInThatOrder) {
  start();
  WsClient client(address_);
  for (int i = 0; i < 20; ++i) {
    const Event note = alice_.event(1, now(), std::to_string(i));
    client.send(R"(["EVENT",)" + test::to_json(note) + "]");
    client.send(R"(["EVENT",)" + test::to_json(alice_.event(5, now(), "", {{"e", note.id.hex()}})) + "]");
  }
  NostrClient reader(address_);
  ASSERT_TRUE(testing::eventually([&] { return reader.query(R"({"kinds":[5]})").size() == 20; }));
  EXPECT_THAT(reader.query(R"({"kinds":[1]})"), IsEmpty());
}

TEST_F(RelayServerTest, ALiveEventIsCompressedOnceForAllItsSubscribers) {
  start();
  EXPECT_EQ(deflations_for(12), 1U);
}

TEST_F(RelayServerTest, ALiveEventIsCompressedForEachConnectionThatKeepsItsWindow) {
  Options options;
  options.listeners[0].ws.deflate_context_takeover = true;
  start(options);
  EXPECT_EQ(deflations_for(12), 12U);
}

TEST_F(RelayServerTest, Nip59GatedEventsTakeNoPlacesOfALimit) {
  start();
  NostrClient client(address_);
  EXPECT_TRUE(client.publish(alice_.event(1, now() - 10, "visible")).accepted);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(client.publish(bob_.event(1059, now() - i, std::to_string(i), {{"p", alice_.hex()}})).accepted);
  }
  EXPECT_EQ(client.query(R"({"limit":2})").size(), 1U);
  std::string closed;
  client.query(R"({"kinds":[1059]})", &closed);
  EXPECT_THAT(closed, StartsWith("auth-required: "));
}

TEST_F(RelayServerTest, Nip42TheAuthenticatedRecipientReadsItsWraps) {
  start();
  WsClient client(address_);
  const std::string hello = client.receive().value_or("");
  ASSERT_THAT(hello, StartsWith(R"(["AUTH",")"));
  const std::string challenge = hello.substr(9, hello.size() - 11);
  client.send(
      R"(["AUTH",)" +
      test::to_json(alice_.event(22242, now(), "", {{"relay", "wss://relay.example.com"}, {"challenge", challenge}})) +
      "]");
  EXPECT_THAT(client.receive().value_or(""), HasSubstr(",true,"));
  NostrClient writer(address_);
  EXPECT_TRUE(writer.publish(bob_.event(1059, now(), "for alice", {{"p", alice_.hex()}})).accepted);
  client.send(R"(["REQ","w",{"kinds":[1059]}])");
  EXPECT_THAT(client.receive().value_or(""), StartsWith(R"(["EVENT","w",)"));
  EXPECT_EQ(client.receive().value_or(""), R"(["EOSE","w"])");
}

TEST_F(RelayServerTest, AReqReturnsNoMoreThanItsCapOverAllFilters) {
  Options options;
  options.limits.max_events_per_req = 7;
  start(options);
  NostrClient client(address_);
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(client.publish(alice_.event(i % 2 == 0 ? 1 : 7, now(), std::to_string(i))).accepted);
  EXPECT_EQ(client.query(R"({"kinds":[1]},{"kinds":[7]})").size(), 7U);
}

TEST_F(RelayServerTest, AQueryThatLooksAtTooMuchIsClosedNotEnded) {
  Options options;
  options.limits.max_scanned_records = 5;
  start(options);
  NostrClient client(address_);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client.publish(alice_.event(1, now(), std::to_string(i))).accepted);
  std::string closed;
  client.query(R"({"kinds":[1]})", &closed);
  EXPECT_THAT(closed, StartsWith("error: "));
}

TEST_F(RelayServerTest, Nip11IsServedOnTheAddressOfTheWebSocket) {
  start();
  const auto document = testing::http_get(address_, "/", "Accept: application/nostr+json\r\n");
  EXPECT_EQ(document.status, 200U);
  EXPECT_THAT(document.body, HasSubstr(R"("supported_nips":[1,)"));
  EXPECT_EQ(testing::http_get(address_, "/other").status, 404U);
  WsClient::Options elsewhere;
  elsewhere.path = "/other";
  EXPECT_THROW(WsClient(address_, elsewhere), std::runtime_error);
}

TEST_F(RelayServerTest, Nip11FollowsAReload) {
  start();
  Options options;
  options.info.name = "renamed";
  server_->reconfigure(options);
  EXPECT_THAT(testing::http_get(address_, "/", "Accept: application/nostr+json\r\n").body, HasSubstr("renamed"));
}

TEST_F(RelayServerTest, DrainingAcknowledgesWhatWasTakenThenClosesWith1001) {
  start();
  WsClient client(address_);
  client.receive();
  std::set<std::string> due;
  for (int i = 0; i < 200; ++i) {
    const Event event = alice_.event(1, now(), std::to_string(i));
    client.send(R"(["EVENT",)" + test::to_json(event) + "]");
    due.insert(event.id.hex());
  }
  ASSERT_THAT(client.receive().value_or(""), StartsWith(R"(["OK",)"));
  RelayServer::DrainReport report;
  std::thread drain([&] { report = server_->drain(std::chrono::seconds(5)); });
  std::size_t acknowledged = 1;
  while (const auto message = client.receive()) acknowledged += message->starts_with(R"(["OK",)") ? 1 : 0;
  drain.join();
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(client.close_code(), 1001);
  EXPECT_EQ(report.cut, 0U);
  EXPECT_EQ(report.closed, 1U);
  EXPECT_EQ(acknowledged, store_->last_seq()) << "what is stored was acknowledged";
  EXPECT_THROW(WsClient{address_}, std::runtime_error);
}

// Subscriptions that begin at any moment of a running write load see every event exactly once.
TEST_F(RelayServerTest, NoEventIsMissedOrRepeatedBetweenStoredAndLive) {
  Options options;
  options.limits.max_limit = options.limits.default_limit = options.limits.max_events_per_req = 100'000;
  options.slice_records = 100;
  start(options);
  constexpr std::size_t kEvents = 1500;
  constexpr int kSubscribers = 8;
  std::vector<Event> events;
  for (std::size_t i = 0; i < kEvents; ++i) {
    events.push_back(alice_.event(1, now() - static_cast<UnixSeconds>(i % 50), std::to_string(i)));
  }
  std::thread hammer([&] {
    for (const Event& event : events) {
      ingest::Submission submission;
      submission.event = test::share(event);
      pipeline_->submit_waiting(std::move(submission));
    }
  });
  std::vector<std::unique_ptr<NostrClient>> clients;
  for (int i = 0; i < kSubscribers; ++i) {
    // Spread over the load: each waits for a larger part of it to be stored.
    const auto reached = static_cast<storage::Seq>(i) * kEvents / (kSubscribers + 2);
    ASSERT_TRUE(testing::eventually([&] { return store_->last_seq() >= reached; }));
    clients.push_back(std::make_unique<NostrClient>(address_));
    clients.back()->ws().send(R"(["REQ","s",{"kinds":[1]}])");
  }
  hammer.join();
  for (auto& client : clients) {
    std::set<EventId> seen;
    std::size_t eoses = 0;
    while (seen.size() < kEvents || eoses == 0) {
      const auto message = client->next(std::chrono::seconds(20));
      ASSERT_TRUE(message) << seen.size() << " of " << kEvents;
      if (std::holds_alternative<EoseReply>(*message)) ++eoses;
      ASSERT_FALSE(std::holds_alternative<ClosedReply>(*message));
      const auto* event = std::get_if<EventReply>(&*message);
      if (event == nullptr) continue;
      ASSERT_TRUE(seen.insert(event->event.id).second) << "twice";
    }
    EXPECT_EQ(eoses, 1U);
    EXPECT_FALSE(client->next(std::chrono::milliseconds(20))) << "nothing follows";
  }
}

}  // namespace
}  // namespace pharos::relay
