#include "monitor/monitor.h"

#include <future>
#include <map>
#include <set>

#include <rapidjson/document.h>

#include "monitor/result_store.h"
#include "monitor_world.h"

namespace pharos::monitor {
namespace {

using ::testing::ElementsAre;
using testing::EndpointKind;
using testing::eventually;
using testing::FakeEndpoint;
using ::testing::IsEmpty;
using testing::values;

class MonitorTest : public testing::MonitorTest {};

struct Expected {
  EndpointKind kind;
  int number;
  bool published = true;
  bool reads = true;
  bool writes = true;
  bool document = true;
  std::vector<std::string> requirements;
};

const std::vector<Expected>& thirty_endpoints() {
  static const std::vector<std::string> open{"!auth", "!writes", "!pow", "!payment"};
  static const std::vector<Expected> list{
      {EndpointKind::healthy, 6, true, true, true, true, open},
      {EndpointKind::healthy_tls, 2, true, true, true, true, open},
      {EndpointKind::empty, 3, true, true, true, true, open},
      {EndpointKind::slow, 2, true, true, true, true, open},
      {EndpointKind::auth_required, 2, true, false, false, true, {"auth"}},
      {EndpointKind::read_only, 3, true, true, false, true, {"!auth", "writes"}},
      {EndpointKind::pow, 1, true, true, false, true, {"!auth", "writes", "pow"}},
      {EndpointKind::no_nip11, 1, true, true, true, false, open},
      {EndpointKind::huge_nip11, 2, true, true, true, false, open},
      {EndpointKind::broken_nip11, 1, true, true, true, false, open},
      {EndpointKind::mute, 1, true, false, false, true, {}},
      {EndpointKind::closes, 1, true, false, false, true, {}},
      {EndpointKind::garbage, 1, true, false, false, true, {}},  // its document makes it a relay
      {EndpointKind::http_503, 1, false, false, false, false, {}},
      {EndpointKind::bad_certificate, 1, false, false, false, false, {}},
      {EndpointKind::silent, 1, false, false, false, false, {}},
      {EndpointKind::dead, 1, false, false, false, false, {}},
  };
  return list;
}

TEST_F(MonitorTest, ThirtyEndpointsForThreePeriodsGiveExactlyTheRightDiscoveries) {
  std::map<std::string, Expected> by_url;
  std::vector<FakeEndpoint*> healthy;
  for (const Expected& expected : thirty_endpoints()) {
    for (int i = 0; i < expected.number; ++i) {
      FakeEndpoint& endpoint = target(expected.kind);
      by_url[endpoint.url()] = expected;
      if (expected.kind == EndpointKind::healthy) healthy.push_back(&endpoint);
    }
  }
  ASSERT_EQ(by_url.size(), 30U);
  options.probe.timeouts.read = options.probe.timeouts.write = std::chrono::seconds(5);
  const UnixSeconds began = clock.unix_now();
  start();
  ASSERT_TRUE(
      eventually([&] { return std::ranges::all_of(healthy, [](const FakeEndpoint* e) { return e->upgrades() >= 4; }); },
                 std::chrono::seconds(60)));
  std::size_t expected_count = 0;
  for (const auto& [url, expected] : by_url) expected_count += expected.published ? 1 : 0;
  ASSERT_TRUE(eventually([&] { return stored(30166).size() == expected_count; }, std::chrono::seconds(30)));

  std::set<std::string> seen;
  for (const Event& event : stored(30166)) {
    const std::string url(identifier(event));
    ASSERT_TRUE(by_url.contains(url)) << url;
    EXPECT_TRUE(seen.insert(url).second) << "one per relay";
    const Expected& expected = by_url.at(url);
    SCOPED_TRACE(url + " kind " + std::to_string(static_cast<int>(expected.kind)));
    EXPECT_TRUE(expected.published);
    EXPECT_EQ(verify_event(event), EventFault::none);
    EXPECT_EQ(event.pubkey, identity.key());
    EXPECT_GE(event.created_at, began);
    EXPECT_THAT(values(event, "n"), ElementsAre("clearnet"));
    EXPECT_EQ(values(event, "rtt-open").size(), 1U);
    EXPECT_EQ(values(event, "rtt-read").size(), expected.reads ? 1U : 0U);
    EXPECT_EQ(values(event, "rtt-write").size(), expected.writes ? 1U : 0U);
    EXPECT_EQ(values(event, "R"), expected.requirements);
    if (expected.document) {
      EXPECT_THAT(values(event, "N"), ElementsAre("1", "11", "42"));
      EXPECT_THAT(event.content, ::testing::StartsWith("{\"name\":\"fake\""));
    } else {
      EXPECT_THAT(values(event, "N"), IsEmpty());
      EXPECT_EQ(event.content, "");
    }
  }
  EXPECT_EQ(seen.size(), expected_count);

  const auto announcements = stored(10166);
  ASSERT_EQ(announcements.size(), 1U);
  EXPECT_THAT(values(announcements[0], "frequency"), ElementsAre("1"));
  EXPECT_THAT(values(announcements[0], "c"), ElementsAre("open", "read", "write", "nip11"))
      << "auth is only seen, not checked, unless the monitor answers it";
  ASSERT_EQ(stored(0).size(), 1U);
  ASSERT_EQ(stored(10002).size(), 1U);
  EXPECT_THAT(values(stored(10002)[0], "r"), ElementsAre("wss://own.example.com/"));
}

TEST_F(MonitorTest, ARestartKeepsTheHistoryAndDoesNotRepeatWhatIsStillTrue) {
  options.probe.timeouts.open = options.probe.timeouts.read = options.probe.timeouts.write = std::chrono::seconds(10);
  FakeEndpoint& endpoint = target(EndpointKind::healthy);
  start();
  ASSERT_TRUE(eventually([&] { return endpoint.upgrades() >= 2 && !stored(30166).empty() && !stored(0).empty(); }));
  monitor->stop();
  const ResultStore results(*store, 100);
  const std::size_t before = results.history(endpoint.url(), 100).size();
  EXPECT_GE(before, 1U);
  const Event profile = stored(0)[0];
  const Event announcement = stored(10166)[0];
  const Event discovery = *discovery_of(endpoint.url());

  options.announce.own_url = "wss://moved.example.com";
  start();
  ASSERT_TRUE(eventually([&] {
    return stored(10166)[0].id != announcement.id && discovery_of(endpoint.url())->id != discovery.id &&
           values(stored(10002)[0], "r") == std::vector<std::string>{"wss://moved.example.com/"};
  }));
  monitor->stop();
  // What it noted is on its way into the database.
  EXPECT_TRUE(eventually([&] { return results.history(endpoint.url(), 100).size() > before; }))
      << "what is new is added to what was there";
  const auto history = results.history(endpoint.url(), 100);
  for (const ProbeResult& result : history) EXPECT_TRUE(result.open.ok());
  EXPECT_TRUE(std::ranges::is_sorted(history, std::ranges::greater_equal(), &ProbeResult::started_unix_ms));
  EXPECT_EQ(stored(0)[0].id, profile.id);
  EXPECT_GT(stored(10166)[0].created_at, announcement.created_at) << "strictly later, even within one second";
  EXPECT_GT(discovery_of(endpoint.url())->created_at, discovery.created_at);
}

TEST_F(MonitorTest, ADueTimeNotedUnderAClockThatRanAheadIsNotWaitedFor) {
  FakeEndpoint& endpoint = target(EndpointKind::healthy);
  TargetState state{endpoint.url()};
  state.liveness = Liveness::online;
  state.checked_unix_ms = clock.unix_milliseconds() + 30LL * 86'400'000;
  state.due_unix_ms = state.checked_unix_ms + 900'000;
  std::promise<void> saved;
  ASSERT_TRUE(ResultStore(*store, 10).save(state, [&](bool) { saved.set_value(); }));
  saved.get_future().wait();
  start();
  EXPECT_TRUE(eventually([&] { return endpoint.upgrades() > 0; }));
}

TEST_F(MonitorTest, LeavesOutPublishRelaysThatNoWayLeadsTo) {
  target(EndpointKind::healthy);
  FakeEndpoint& open = endpoints.add(EndpointKind::healthy);
  options.publish.relays = {RelayUrl::parse("ws://pharosexampleaddress.onion").value(),
                            RelayUrl::parse(open.url()).value()};
  start();
  ASSERT_TRUE(eventually([&] { return stored(10002).size() == 1; }));
  EXPECT_THAT(values(stored(10002)[0], "r"), ElementsAre("wss://own.example.com/", open.url()));
}

TEST_F(MonitorTest, FindsRelaysInTheOwnStoreWhetherTheyWereThereBeforeOrComeLater) {
  FakeEndpoint& before = endpoints.add(EndpointKind::healthy);
  FakeEndpoint& later = endpoints.add(EndpointKind::healthy);
  test::Person somebody(7);
  const auto submit = [&](Event event) {
    ingest::Submission submission;
    submission.event = std::make_shared<const Event>(std::move(event));
    submission.done = [](const ingest::Verdict& verdict) { EXPECT_EQ(verdict.fate, ingest::Fate::stored); };
    ASSERT_TRUE(sink->submit(std::move(submission)));
  };
  submit(somebody.event(10002, clock.unix_now(), "", {{"r", before.url()}, {"r", "wss://nowhere.invalid"}}));
  ASSERT_TRUE(eventually([&] { return store->last_seq() == 1; }));
  start();
  ASSERT_TRUE(eventually([&] { return discovery_of(before.url()).has_value(); }));
  submit(somebody.event(30166, clock.unix_now(), "", {{"d", later.url()}}));
  EXPECT_TRUE(eventually([&] { return discovery_of(later.url()).has_value(); }));
}

TEST_F(MonitorTest, PublishesToItsRelaysAndAnswersTheirAuth) {
  FakeEndpoint& watched = target(EndpointKind::healthy);
  FakeEndpoint& open = endpoints.add(EndpointKind::healthy);
  FakeEndpoint& locked = endpoints.add(EndpointKind::auth_required);
  FakeEndpoint& refusing = endpoints.add(EndpointKind::read_only);
  FakeEndpoint& dead = endpoints.add(EndpointKind::dead);
  for (const FakeEndpoint* relay : {&open, &locked, &refusing, &dead})
    options.publish.relays.push_back(RelayUrl::parse(relay->url()).value());
  options.publish.retry_first = std::chrono::milliseconds(50);
  start();
  const auto status_of = [&](const FakeEndpoint& relay, const char* key) -> std::int64_t {
    rapidjson::Document json;
    json.Parse(monitor->status_json().c_str());
    if (!json.IsObject() || !json.HasMember("publish_relays")) return -1;
    for (const auto& row : json["publish_relays"].GetArray())
      if (row["url"].GetString() == relay.url()) return row[key].GetInt64();
    return -1;
  };
  // 10166, 0, 10002 and a discovery at least.
  EXPECT_TRUE(eventually([&] { return status_of(open, "accepted") >= 4; }));
  EXPECT_TRUE(eventually([&] { return status_of(locked, "accepted") >= 4; }));
  EXPECT_TRUE(eventually([&] { return status_of(refusing, "rejected") >= 4; }));
  EXPECT_EQ(status_of(dead, "accepted"), 0);
  EXPECT_GT(status_of(dead, "waiting"), 0);
  EXPECT_GT(watched.upgrades(), 0U);
}

TEST_F(MonitorTest, AnOutageOfOurOwnIsNotBlamedOnTheRelays) {
  std::vector<FakeEndpoint*> relays;
  for (int i = 1; i <= 12; ++i) relays.push_back(&target(EndpointKind::healthy, "127.0.1." + std::to_string(i)));
  options.outage.retry = std::chrono::milliseconds(300);
  start();
  const auto status = [&](const char* key, int fallback) {
    rapidjson::Document json;
    json.Parse(monitor->status_json().c_str());
    if (!json.IsObject() || !json.HasMember("networks")) return fallback;
    if (std::string_view(key) == "own_outage") return json[key].GetBool() ? 1 : 0;
    return json["networks"]["clearnet"][key].GetInt();
  };
  ASSERT_TRUE(eventually([&] { return status("online", 0) == 12; }));
  for (FakeEndpoint* relay : relays) relay->become(EndpointKind::http_503);
  ASSERT_TRUE(eventually([&] { return status("own_outage", 0) == 1; }));
  EXPECT_TRUE(eventually([&] { return status("online", 0) == 12; })) << "what was judged before is taken back";
  for (FakeEndpoint* relay : relays) relay->become(EndpointKind::healthy);
  EXPECT_TRUE(eventually([&] { return status("own_outage", 1) == 0; }));
  EXPECT_TRUE(eventually([&] { return status("online", 0) == 12; }));
}

TEST_F(MonitorTest, StopsWhileProbesRun) {
  for (int i = 0; i < 5; ++i) target(EndpointKind::silent);
  FakeEndpoint& mute = target(EndpointKind::mute);
  options.probe.timeouts.read = options.probe.timeouts.write = std::chrono::minutes(1);
  start();
  ASSERT_TRUE(eventually([&] { return mute.upgrades() > 0; }));
  monitor->stop();
  EXPECT_THAT(stored(30166), IsEmpty());
}

TEST_F(MonitorTest, StopsAtOnceWhenItsShardIsGone) {
  target(EndpointKind::healthy);
  start();
  shards.stop();
  const auto began = clock.now();
  monitor->stop();
  monitor.reset();
  EXPECT_LT(clock.now() - began, std::chrono::seconds(5)) << "it waits for nothing";
}

TEST_F(MonitorTest, TheStatusNamesTheTargetsThatAreNotWatched) {
  options.probe.allow_private_addresses = false;
  options.status_targets = 2;
  options.targets = {"ws://127.0.0.1:1/", "https://a.com/\x1b[2J", "ws://10.0.0.1/"};
  start();
  ASSERT_TRUE(eventually([&] { return monitor->status_json().size() > 2; }));
  rapidjson::Document json;
  json.Parse(monitor->status_json().c_str());
  const auto& refused = json["refused_targets"];
  ASSERT_EQ(refused.Size(), 2U);
  EXPECT_STREQ(refused[0]["target"].GetString(), "https://a.com/ [2J");
  EXPECT_STREQ(refused[1]["target"].GetString(), "ws://127.0.0.1:1/");
  EXPECT_THAT(refused[1]["reason"].GetString(), ::testing::HasSubstr("monitor.allow_private_addresses"));
  EXPECT_EQ(json["refused_targets_omitted"].GetInt(), 1);
  EXPECT_EQ(json["target_count"].GetInt(), 0);
}

}  // namespace
}  // namespace pharos::monitor
