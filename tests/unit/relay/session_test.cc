#include "relay/session.h"

#include "net/ws_frame.h"
#include "session_fixture.h"

namespace pharos::relay {
namespace {

using ingest::Fate;
using storage::SliceEnd;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class SessionTest : public SessionFixture {};

TEST_F(SessionTest, Nip01AnEventIsAcknowledgedOnceItsFateIsKnown) {
  const auto client = connect();
  client->receive(event_message(alice_.event(1, kNow, "hi")));
  EXPECT_THAT(client->sent(), IsEmpty());
  ASSERT_EQ(sink_.taken.size(), 1U);
  sink_.settle(0, Fate::stored);
  loop_.run();
  EXPECT_THAT(client->sent(), ElementsAre(HasSubstr(R"(,true,""])")));
}

TEST_F(SessionTest, ACommitOfManyEventsWakesTheShardOnce) {
  const auto client = connect();
  for (int i = 0; i < 5; ++i) client->receive(event_message(alice_.event(1, kNow, std::to_string(i))));
  for (std::size_t i = 0; i < 5; ++i) sink_.settle(i, Fate::stored);
  loop_.run();
  EXPECT_EQ(client->sent().size(), 5U);
}

TEST_F(SessionTest, Nip01StoredEventsThenEoseThenLive) {
  const auto client = connect();
  client->receive(R"(["REQ","s",{"kinds":[1]}])");
  ASSERT_EQ(runner_.requests.size(), 1U);
  const Event during = commit(alice_.event(1, kNow, "during the scan"));
  EXPECT_THAT(client->sent(), IsEmpty());
  runner_.answer(0, SliceEnd::finished, {"stored-1", "stored-2"});
  loop_.run();
  const Event after = commit(alice_.event(1, kNow, "after"));
  commit(alice_.event(7, kNow, "not asked for"));
  EXPECT_THAT(client->sent(),
              ElementsAre("stored-1", "stored-2", R"(["EOSE","s"])", delivered("s", during), delivered("s", after)));
}

TEST_F(SessionTest, WhatThrowsEndsTheConnectionAndIsNotTriedAgain) {
  const auto client = connect();
  runner_.throws = true;
  EXPECT_THROW(client->receive(R"(["REQ","s",{"kinds":[1]}])"), std::bad_alloc) << "for the loop to count";
  ASSERT_TRUE(client->closing());
  EXPECT_EQ(client->closing()->code, net::kCloseInternal);
  runner_.throws = false;
  commit(alice_.event(1, kNow, "to nobody"));
  EXPECT_THAT(runner_.requests, IsEmpty());
  EXPECT_THAT(client->sent(), IsEmpty());
}

TEST_F(SessionTest, HeldAndLiveEventsShareWhatAllTheirDeliveriesHaveInCommon) {
  const auto client = connect();
  client->receive(R"(["REQ","s",{"kinds":[1]}])");
  commit(alice_.event(1, kNow, "held"));
  runner_.answer(0, SliceEnd::finished, {"stored"});
  loop_.run();
  EXPECT_EQ(client->sent_shared(), 1U);
  commit(alice_.event(1, kNow, "live"));
  EXPECT_EQ(client->sent_shared(), 2U);
  EXPECT_EQ(client->sent().size(), 4U);
}

TEST_F(SessionTest, LiveEventsOnTheirWayCountWithTheTextTheyWillHave) {
  const auto client = connect();
  client->receive(R"(["REQ","s",{"limit":0}])");
  client->take_sent();
  for (int i = 0; i < 10; ++i) {
    store_.submit({test::share(alice_.event(1, kNow + i, std::string(50'000, 'x'))), 0, [](storage::PutOutcome) {}});
    store_.commit();
  }
  loop_.run();
  const std::vector<std::string> sent = client->sent();
  ASSERT_EQ(sent.size(), 7U) << "six times 150 KB, and the reason for the loss";
  EXPECT_THAT(sent.back(), StartsWith(R"(["CLOSED","s")"));
}

TEST_F(SessionTest, WhatWasCommittedBeforeTheReqIsLeftToTheScan) {
  const auto client = connect();
  store_.submit({test::share(alice_.event(1, kNow, "before")), 0, [](storage::PutOutcome) {}});
  store_.commit();  // its batch is posted to the shard and not yet taken
  client->receive(R"(["REQ","s",{}])");
  loop_.run();
  runner_.answer(0, SliceEnd::finished, {"before"});
  loop_.run();
  EXPECT_THAT(client->sent(), ElementsAre("before", R"(["EOSE","s"])"));
}

TEST_F(SessionTest, AScanGoesOnInSlices) {
  const auto client = connect();
  client->receive(R"(["REQ","s",{}])");
  runner_.answer(0, SliceEnd::more, {"1"});
  loop_.run();
  ASSERT_EQ(runner_.requests.size(), 2U);
  runner_.answer(1, SliceEnd::finished, {"2"});
  loop_.run();
  EXPECT_THAT(client->sent(), ElementsAre("1", "2", R"(["EOSE","s"])"));
}

TEST_F(SessionTest, AScanRestsWhileTheReaderIsSlowAndGoesOnWhenItHasCaughtUp) {
  const auto client = connect();
  client->queue_grows = true;
  client->receive(R"(["REQ","s",{}])");
  runner_.answer(0, SliceEnd::more, {std::string(300 * 1024, 'x')});
  loop_.run();
  EXPECT_EQ(runner_.requests.size(), 1U) << "above low water no further slice is asked for";
  client->drain();
  EXPECT_EQ(runner_.requests.size(), 2U);
}

TEST_F(SessionTest, ASlowReaderIsCutOff) {
  const auto client = connect();
  client->queue_grows = true;
  client->max_outbound_bytes = 100'000;
  client->receive(R"(["REQ","s",{"limit":0}])");
  for (int i = 0; i < 20 && !client->is_closed(); ++i) commit(alice_.event(1, kNow + i, std::string(10'000, 'x')));
  ASSERT_TRUE(client->is_closed());
  EXPECT_EQ(client->closing()->cause, net::CloseCause::slow);
  EXPECT_EQ(shard_.members(), 0U);
  EXPECT_EQ(shard_.index().size(), 0U);
}

TEST_F(SessionTest, Nip01CloseStopsARunningScanSilently) {
  const auto client = connect();
  client->receive(R"(["REQ","s",{}])");
  client->receive(R"(["CLOSE","s"])");
  runner_.answer(0, SliceEnd::more, {"1"});
  loop_.run();
  commit(alice_.event(1, kNow, ""));
  EXPECT_THAT(client->sent(), IsEmpty());
  EXPECT_EQ(runner_.requests.size(), 1U);
}

TEST_F(SessionTest, Nip45ACountIsAnsweredByItsLastSlice) {
  const auto client = connect();
  client->receive(R"(["COUNT","c",{}])");
  runner_.answer(0, SliceEnd::more);
  loop_.run();
  ASSERT_EQ(runner_.requests.size(), 2U);
  runner_.answer(1, SliceEnd::finished, {"the answer"});
  loop_.run();
  EXPECT_THAT(client->sent(), ElementsAre("the answer"));
}

TEST_F(SessionTest, Nip45CloseStopsACount) {
  const auto client = connect();
  client->receive(R"(["COUNT","c",{}])");
  client->receive(R"(["CLOSE","c"])");
  EXPECT_TRUE(runner_.requests.at(0).scan->is_cancelled());
  runner_.answer(0, SliceEnd::finished, {"the answer"});
  loop_.run();
  EXPECT_THAT(client->sent(), IsEmpty());
}

TEST_F(SessionTest, Nip01NothingOfAReplacedQueryFollowsItsReplacement) {
  const auto client = connect();
  client->receive(R"(["REQ","s",{"kinds":[1]}])");
  client->receive(R"(["REQ","s",{"kinds":[7]}])");
  runner_.answer(0, SliceEnd::finished, {"old"});
  loop_.run();
  commit(alice_.event(1, kNow, "old live"));
  EXPECT_THAT(client->sent(), IsEmpty());
  runner_.answer(1, SliceEnd::finished, {"new"});
  loop_.run();
  EXPECT_THAT(client->sent(), ElementsAre("new", R"(["EOSE","s"])"));
}

TEST_F(SessionTest, Nip01EphemeralEventsAreDeliveredLive) {
  const auto sender = connect();
  const auto reader = connect();
  reader->receive(R"(["REQ","s",{"kinds":[20001],"limit":0}])");
  reader->take_sent();
  const Event event = alice_.event(20001, kNow, "now");
  store_.publish_ephemeral(test::share(event), 0);
  loop_.run();
  EXPECT_THAT(reader->sent(), ElementsAre(delivered("s", event)));
  EXPECT_THAT(sender->sent(), IsEmpty());
}

TEST_F(SessionTest, Nip40ExpiredEventsAreNotDeliveredLive) {
  const auto client = connect();
  client->receive(R"(["REQ","s",{"limit":0}])");
  client->take_sent();
  commit(alice_.event(1, kNow, "late", {{"expiration", std::to_string(kNow)}}));
  const Event good = commit(alice_.event(1, kNow, "good", {{"expiration", std::to_string(kNow + 5)}}));
  EXPECT_THAT(client->sent(), ElementsAre(delivered("s", good)));
}

TEST_F(SessionTest, AnEventThatSeveralSubscriptionsMatchGoesToEach) {
  const auto client = connect();
  client->receive(R"(["REQ","a",{"kinds":[1],"limit":0}])");
  client->receive(R"(["REQ","b",{"limit":0}])");
  client->take_sent();
  const Event event = commit(alice_.event(1, kNow, "both"));
  EXPECT_THAT(client->sent(), ::testing::UnorderedElementsAre(delivered("a", event), delivered("b", event)));
}

TEST_F(SessionTest, EventsOfAConnectionShareTheirSender) {
  const auto client = connect();
  client->receive(event_message(alice_.event(1, kNow, "1")));
  client->receive(event_message(alice_.event(1, kNow, "2")));
  ASSERT_EQ(sink_.taken.size(), 2U);
  ASSERT_TRUE(sink_.taken[0].sender);
  EXPECT_EQ(sink_.taken[0].sender->address, "192.0.2.1");
  EXPECT_THAT(*sink_.taken[0].sender->keys, IsEmpty());
  EXPECT_EQ(sink_.taken[1].sender, sink_.taken[0].sender);

  client->receive(
      R"(["AUTH",)" +
      test::to_json(alice_.event(22242, kNow, "", {{"relay", "wss://relay.example.com"}, {"challenge", "challenge"}})) +
      "]");
  client->receive(event_message(alice_.event(1, kNow, "3")));
  ASSERT_EQ(sink_.taken.size(), 3U);
  EXPECT_THAT(*sink_.taken[2].sender->keys, ElementsAre(alice_.key()));
  EXPECT_THAT(*sink_.taken[0].sender->keys, IsEmpty());
}

TEST_F(SessionTest, AFullSinkPausesReadingAndKeepsTheOrder) {
  const auto client = connect();
  sink_.is_full = true;
  const Event first = alice_.event(1, kNow, "1");
  const Event second = alice_.event(1, kNow, "2");
  client->receive(event_message(first));
  EXPECT_FALSE(client->is_reading());
  sink_.is_full = false;
  client->receive(event_message(second));
  EXPECT_THAT(sink_.taken, IsEmpty()) << "not before the one that waits";
  ASSERT_TRUE(loop_.is_armed());
  loop_.expire();
  ASSERT_EQ(sink_.taken.size(), 2U);
  EXPECT_EQ(sink_.taken[0].event->id, first.id);
  EXPECT_EQ(sink_.taken[1].event->id, second.id);
  EXPECT_TRUE(client->is_reading());
}

TEST_F(SessionTest, TooManyPendingEventsPauseReadingUntilOksGoOut) {
  options_->limits.max_pending_events = 2;
  const auto client = connect();
  client->receive(event_message(alice_.event(1, kNow, "1")));
  EXPECT_TRUE(client->is_reading());
  client->receive(event_message(alice_.event(1, kNow, "2")));
  EXPECT_FALSE(client->is_reading());
  sink_.settle(0, Fate::stored);
  loop_.run();
  EXPECT_TRUE(client->is_reading());
}

TEST_F(SessionTest, AConnectionThatVanishesLeavesNothingBehind) {
  const auto client = connect();
  client->receive(R"(["REQ","a",{}])");
  client->receive(R"(["REQ","b",{"limit":0}])");
  client->receive(event_message(alice_.event(1, kNow, "1")));
  EXPECT_EQ(sessions_.get(), 1U);
  client->vanish();
  EXPECT_EQ(sessions_.get(), 0U);
  EXPECT_EQ(shard_.index().size(), 0U);
  sink_.settle(0, Fate::stored);
  runner_.answer(0, SliceEnd::finished, {"late"});
  commit(alice_.event(1, kNow, "2"));
  loop_.run();
}

TEST_F(SessionTest, AFullQueryQueueClosesTheReqWithAReason) {
  const auto client = connect();
  runner_.is_full = true;
  client->receive(R"(["REQ","s",{}])");
  EXPECT_THAT(client->sent(), ElementsAre(StartsWith(R"(["CLOSED","s","error: )")));
  EXPECT_EQ(shard_.index().size(), 0U);
}

TEST_F(SessionTest, RefusedEventsAreCountedByIngest) {
  const auto client = connect();
  client->receive(event_message(alice_.event(1, kNow, "", {{"-"}})));
  client->receive(R"(["EVENT",{"id":")" + std::string(64, 'a') + R"("}])");
  EXPECT_THAT(sink_.refused, ElementsAre(ingest::Reason::protected_event, ingest::Reason::invalid_event));
}

TEST_F(SessionTest, DrainingSendsTheOksThatAreDueThenCloses) {
  const auto busy = connect();
  const auto idle = connect();
  busy->receive(event_message(alice_.event(1, kNow, "1")));
  shard_.begin_drain();
  ASSERT_TRUE(idle->closing().has_value());
  EXPECT_EQ(idle->closing()->code, 1001);
  EXPECT_FALSE(busy->is_closed());
  EXPECT_FALSE(busy->is_reading());
  sink_.settle(0, Fate::stored);
  loop_.run();
  EXPECT_THAT(busy->sent(), ElementsAre(HasSubstr(",true,")));
  ASSERT_TRUE(busy->closing().has_value());
  EXPECT_EQ(busy->closing()->cause, net::CloseCause::shutdown);
  EXPECT_EQ(sessions_.get(), 0U);
}

TEST_F(SessionTest, ShuttingDownDoesNotWait) {
  const auto busy = connect();
  busy->receive(event_message(alice_.event(1, kNow, "1")));
  shard_.begin_drain();
  shard_.shut_down();
  EXPECT_TRUE(busy->is_closed());
}

}  // namespace
}  // namespace pharos::relay
