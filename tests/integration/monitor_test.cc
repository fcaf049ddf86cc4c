// The monitor of a running instance watches local endpoints of every temper; a client asks the relay what it found.

#include <map>
#include <set>

#include <gmock/gmock.h>

#include "support/eventually.h"
#include "support/fake_endpoint.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kPeriods = 3;
constexpr auto kPeriodSeconds = 4;

// Everything an opened relay may say: what its 30166 must and must not hold.
struct Expected {
  std::set<std::string> requirements;  // R values
  bool read = false;
  bool write = false;
};

std::map<EndpointKind, Expected> opened() {
  return {
      {EndpointKind::healthy, {{"!auth", "!writes"}, true, true}},
      {EndpointKind::healthy_tls, {{"!auth", "!writes"}, true, true}},
      {EndpointKind::empty, {{"!auth", "!writes"}, true, true}},
      {EndpointKind::slow, {{"!auth", "!writes"}, true, true}},
      {EndpointKind::auth_required, {{"auth"}, false, false}},
      {EndpointKind::read_only, {{"writes"}, true, false}},
      {EndpointKind::pow, {{"pow"}, true, false}},
      {EndpointKind::no_nip11, {{"!auth", "!writes"}, true, true}},
      {EndpointKind::huge_nip11, {{"!auth", "!writes"}, true, true}},
      {EndpointKind::broken_nip11, {{"!auth", "!writes"}, true, true}},
  };
}

std::multimap<std::string, std::string> tags_of(const Event& event) {
  std::multimap<std::string, std::string> tags;
  for (const TagView tag : event.tags) tags.emplace(tag.name(), tag.value());
  return tags;
}

TEST(Monitor, PublishesExactlyTheRelaysThatOpenedWithWhatWasObserved) {
  net::IoShards shards(1);
  shards.start();
  FakeEndpoints endpoints(shards);
  std::map<std::string, EndpointKind> kinds;  // by URL
  std::vector<FakeEndpoint*> alive;
  std::string targets;
  const auto add = [&](EndpointKind kind, const std::string& host) {
    FakeEndpoint& endpoint = endpoints.add(kind, host);
    kinds.emplace(endpoint.url(), kind);
    targets += (targets.empty() ? "\"" : ", \"") + endpoint.url() + "\"";
    if (kind == EndpointKind::healthy) alive.push_back(&endpoint);
  };
  for (const auto& [kind, expected] : opened()) add(kind, "127.0.0.1");
  for (const EndpointKind kind :
       {EndpointKind::http_503, EndpointKind::bad_certificate, EndpointKind::silent, EndpointKind::dead}) {
    add(kind, "127.0.0.1");
  }
  for (int i = 0; kinds.size() < 30; ++i) {
    add(i % 4 == 3 ? EndpointKind::dead : EndpointKind::healthy, "127.0.0." + std::to_string(2 + i));
  }
  ASSERT_EQ(kinds.size(), 30U);

  PharosInstance relay(
      "url = [\"wss://watcher.example/\"]\n"
      "[monitor]\nenabled = true\ndiscover = false\nallow_private_addresses = true\nper_host = 30\n"
      "first_spread = \"500ms\"\ndials_per_second = 200.0\nopen_timeout = \"10s\"\nread_timeout = \"10s\"\n"
      "write_timeout = \"10s\"\nnip11_timeout = \"10s\"\nperiod = \"" +
      std::to_string(kPeriodSeconds) + "s\"\nca_file = \"" + endpoints.ca_file() + "\"\ntargets = [" + targets + "]\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  const auto probed = [&] {
    return std::ranges::all_of(alive, [](const FakeEndpoint* endpoint) { return endpoint->upgrades() >= kPeriods; });
  };
  ASSERT_TRUE(eventually(probed, std::chrono::seconds(60))) << relay.log();

  NostrClient client(relay.relay_address());
  std::size_t expected_count = 0;
  const auto all_opened = opened();
  for (const auto& [url, kind] : kinds) expected_count += all_opened.contains(kind) ? 1 : 0;
  std::vector<Event> found;
  ASSERT_TRUE(eventually([&] { return (found = client.query("{\"kinds\":[30166]}")).size() >= expected_count; }));
  EXPECT_EQ(found.size(), expected_count);
  for (const Event& event : found) {
    const std::string url(identifier(event));
    ASSERT_TRUE(kinds.contains(url)) << url;
    const auto expectation = all_opened.find(kinds.at(url));
    ASSERT_NE(expectation, all_opened.end()) << url << " never opened";
    const auto tags = tags_of(event);
    EXPECT_TRUE(url.ends_with('/'));
    EXPECT_EQ(tags.find("n")->second, "clearnet");
    EXPECT_TRUE(tags.contains("rtt-open")) << url;
  }
  const auto all = opened();
  for (const Event& event : found) {
    const std::string url(identifier(event));
    const Expected& expected = all.at(kinds.at(url));
    const auto tags = tags_of(event);
    EXPECT_EQ(tags.contains("rtt-read"), expected.read) << url;
    EXPECT_EQ(tags.contains("rtt-write"), expected.write) << url;
    std::set<std::string> requirements;
    for (auto [it, end] = tags.equal_range("R"); it != end; ++it) requirements.insert(it->second);
    EXPECT_THAT(requirements, ::testing::IsSupersetOf(expected.requirements)) << url;
  }

  for (const char* filter : {"{\"kinds\":[10166]}", "{\"kinds\":[10002]}", "{\"kinds\":[0]}"}) {
    const auto own = client.query(filter);
    ASSERT_EQ(own.size(), 1U) << filter;
    EXPECT_EQ(own.front().pubkey, found.front().pubkey) << filter;
  }
  const auto announcement = tags_of(client.query("{\"kinds\":[10166]}").front());
  EXPECT_EQ(announcement.find("frequency")->second, std::to_string(kPeriodSeconds));
  std::set<std::string> checks;
  for (auto [it, end] = announcement.equal_range("c"); it != end; ++it) checks.insert(it->second);
  EXPECT_THAT(checks, ::testing::ElementsAre("nip11", "open", "read", "write")) << "AUTH is not answered by default";

  const std::string watched = alive.front()->url();
  const Ran status = relay.command({"monitor", "status"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  EXPECT_THAT(status.out, HasSubstr("period " + std::to_string(kPeriodSeconds) + " s"));
  for (const auto& [url, kind] : kinds) EXPECT_THAT(status.out, HasSubstr(url));

  const Ran history = relay.command({"monitor", "history", watched});
  EXPECT_EQ(history.exit_code, 0) << history.err;
  EXPECT_GE(std::ranges::count(history.out, '\n'), kPeriods - 1);
  EXPECT_THAT(history.out, HasSubstr("Z  online       open "));
  const Ran lines = relay.command({"monitor", "history", watched, "--json", "--limit", "1"});
  EXPECT_EQ(std::ranges::count(lines.out, '\n'), 1);
  EXPECT_THAT(lines.out, HasSubstr("\"nip11\":{\"name\":\"fake\""));
  EXPECT_NE(relay.command({"monitor", "history", "wss://never.example.com"}).exit_code, 0);
  EXPECT_EQ(relay.terminate(), 0) << relay.log();
  shards.stop();
}

TEST(Monitor, ChecksRelaysOnceForPeopleAndForPrograms) {
  net::IoShards shards(1);
  shards.start();
  FakeEndpoints endpoints(shards);
  const std::string healthy = endpoints.add(EndpointKind::healthy).url();
  const std::string dead = endpoints.add(EndpointKind::dead).url();
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();

  const Ran text = relay.command({"monitor", "check", healthy});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, ::testing::StartsWith(healthy + "  online (clearnet"));
  EXPECT_THAT(text.out, HasSubstr("\n  read  ok"));
  const Ran json = relay.command({"monitor", "check", "--json", healthy, dead});
  EXPECT_EQ(json.exit_code, 2) << "not all are online";
  EXPECT_EQ(std::ranges::count(json.out, '\n'), 2);
  EXPECT_THAT(json.out, HasSubstr("{\"url\":\"" + healthy + "\",\"network\":\"clearnet\""));
  EXPECT_THAT(json.out, HasSubstr("\"online\":false,\"relay\":false,\"judged\":true"));
  EXPECT_EQ(relay.command({"monitor", "check", "nonsense"}).exit_code, 64);
  const Ran onion = relay.command({"monitor", "check", "ws://pharosexampleaddress.onion"});
  EXPECT_THAT(onion.out, HasSubstr("not judged (tor)"));
  EXPECT_EQ(relay.terminate(), 0) << relay.log();
  shards.stop();
}

// One probe needs several descriptors; with few of them, probes wait instead of failing.
TEST(Monitor, ChecksManyRelaysWithFewDescriptors) {
  net::IoShards shards(1);
  shards.start();
  FakeEndpoints endpoints(shards);
  const std::string healthy = endpoints.add(EndpointKind::healthy).url();
  std::vector<std::string> words{"/bin/sh", "-c", "ulimit -n 64; exec \"$0\" monitor check \"$@\"", pharos_program()};
  for (int i = 0; i < 100; ++i) words.push_back(healthy + "path" + std::to_string(i));
  const Ran ran = run(words);
  EXPECT_EQ(ran.exit_code, 0) << ran.out.substr(0, 2'000) << ran.err;
  shards.stop();
}

// The operator would otherwise wonder why nobody finds the monitor.
TEST(Monitor, SaysWhenNobodyCanLearnWhereItPublishes) {
  PharosInstance relay("[monitor]\nenabled = true\ndiscover = false\n");
  ASSERT_TRUE(relay.start()) << relay.log();
  EXPECT_TRUE(eventually([&] {
    return relay.log().find("no relay list (kind 10002) is published") != std::string::npos;
  })) << relay.log();
  EXPECT_EQ(relay.terminate(), 0) << relay.log();
}

}  // namespace
}  // namespace pharos::testing
