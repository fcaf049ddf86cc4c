// What clients of a running instance meet that go faster than its rates: with tiny rates, since the defaults are for
// nobody to meet, and without the exemption of loopback.

#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <signal.h>

#include "support/event_builder.h"
#include "support/eventually.h"
#include "support/nostr_client.h"
#include "support/pharos_instance.h"
#include "support/raw_socket.h"

namespace pharos::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

// All rates off but for those given.
std::string rates(const std::string& rows, const std::string& exempt = "[]") {
  std::string text = "[rate]\nexempt_addresses = " + exempt + "\n";
  for (const char* key :
       {"connection_events", "address_events", "pubkey_events", "unknown_pubkey_events", "connection_requests",
        "address_requests", "connection_bytes", "address_bytes", "address_connections"}) {
    if (rows.find(key) == std::string::npos) text += std::string(key) + " = \"off\"\n";
  }
  return text + rows;
}

class RateTest : public ::testing::Test {
 protected:
  void start(const std::string& settings) {
    pharos_.set_settings(settings);
    ASSERT_TRUE(pharos_.start()) << pharos_.log();
  }
  Event note(const std::string& text) { return alice_.event(1, clock_.unix_now(), text); }
  std::string metrics() const { return http_get(pharos_.admin_address(), "/metrics").body; }
  // Publishes until it is taken.
  static bool comes_in(NostrClient& client, const Event& event) {
    return eventually([&] { return client.publish(event).accepted; });
  }

  SystemClock clock_;
  test::Person alice_{1};
  PharosInstance pharos_;
};

TEST_F(RateTest, EventsOfAConnectionBeyondItsRateAreRefusedAndLaterTaken) {
  start(rates("connection_events = \"2/s burst 2\"\n"));
  NostrClient client(pharos_.relay_address());
  OkReply refused;
  Event event;
  ASSERT_TRUE(eventually([&] {
    event = note("as fast as it goes");
    refused = client.publish(event);
    return !refused.accepted;
  }));
  EXPECT_THAT(refused.message, StartsWith("rate-limited: too many events on this connection, try again in 1 s"));
  EXPECT_TRUE(comes_in(client, event));
  EXPECT_THAT(metrics(), HasSubstr("pharos_rate_refused_total{what=\"event\",by=\"connection\"}"));
  EXPECT_THAT(metrics(), HasSubstr("pharos_events_rejected_total{source=\"client\",reason=\"rate_limited\"}"));
}

TEST_F(RateTest, ConnectionsOfOneAddressShareItsRate) {
  start(rates("address_events = \"1/h burst 2\"\n"));
  NostrClient one(pharos_.relay_address());
  NostrClient two(pharos_.relay_address());
  EXPECT_TRUE(one.publish(note("1")).accepted);
  EXPECT_TRUE(two.publish(note("2")).accepted);
  EXPECT_THAT(one.publish(note("3")).message, StartsWith("rate-limited: too many events from this address"));
  EXPECT_THAT(two.publish(note("3")).message, StartsWith("rate-limited: too many events from this address"));
}

TEST_F(RateTest, AClientBehindATrustedProxyHasAnAddressOfItsOwn) {
  start(rates("address_connections = \"1/h burst 1\"\n"));
  const auto upgrade = [&](const std::string& client) {
    RawSocket socket(pharos_.relay_address());
    socket.send(ws_request("X-Forwarded-For: " + client + "\r\n"));
    return socket.read_until("\r\n\r\n");
  };
  EXPECT_THAT(upgrade("192.0.2.7"), HasSubstr(" 101 "));
  EXPECT_THAT(upgrade("192.0.2.7"), HasSubstr(" 429 "));
  EXPECT_THAT(upgrade("192.0.2.8"), HasSubstr(" 101 "));
}

TEST_F(RateTest, AnAuthorNobodyKnowsGetsLessThanOneOfTheAllowList) {
  test::Person bob(2);
  start("admins = [\"" + bob.hex() + "\"]\n" +
        rates("pubkey_events = \"1/h burst 3\"\nunknown_pubkey_events = \"1/h burst 1\"\n"));
  NostrClient client(pharos_.relay_address());
  const UnixSeconds now = clock_.unix_now();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.publish(bob.event(1, now, std::to_string(i))).accepted);
  EXPECT_THAT(client.publish(bob.event(1, now, "3")).message,
              StartsWith("rate-limited: too many events of this author"));
  const Event first = note("first");
  EXPECT_TRUE(client.publish(first).accepted);
  EXPECT_THAT(client.publish(note("second")).message, StartsWith("rate-limited: too many events of this author"));
  EXPECT_THAT(client.publish(first).message, StartsWith("duplicate:"));
  EXPECT_THAT(metrics(), HasSubstr("pharos_rate_refused_total{what=\"event\",by=\"unknown_pubkey\"} 1\n"));
  EXPECT_THAT(metrics(), HasSubstr("pharos_rate_keys{by=\"pubkey\"} 2\n"));
}

TEST_F(RateTest, RequestsBeyondTheRateAreClosed) {
  start(rates("connection_requests = \"1/h burst 2\"\n"));
  NostrClient client(pharos_.relay_address());
  std::string closed;
  client.query(R"({"kinds":[1]})", &closed);
  client.query(R"({"kinds":[1]})", &closed);
  EXPECT_EQ(closed, "");
  client.query(R"({"kinds":[1]})", &closed);
  EXPECT_THAT(closed, StartsWith("rate-limited: too many requests on this connection, try again in "));
  client.ws().send(R"(["NEG-OPEN","n",{},"61"])");
  EXPECT_TRUE(eventually([&] {
    const auto message = client.ws().receive();
    return message && message->starts_with(R"(["NEG-ERR","n","rate-limited: )");
  }));
}

TEST_F(RateTest, NewConnectionsAndPlainRequestsBeyondTheRateGet429) {
  start(rates("address_connections = \"1/h burst 2\"\n"));
  NostrClient first(pharos_.relay_address());
  EXPECT_EQ(http_get(pharos_.relay_address(), "/", "Accept: application/nostr+json\r\n").status, 200U);
  for (const std::string& request : {ws_request(), std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}) {
    RawSocket socket(pharos_.relay_address());
    socket.send(request);
    const std::string answer = socket.read_to_end();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
    EXPECT_THAT(answer, HasSubstr("Retry-After: 3"));
  }
  EXPECT_TRUE(first.publish(note("who is in stays in")).accepted);
  EXPECT_THAT(metrics(), HasSubstr("pharos_connections_rejected_total{reason=\"rate\"} 2\n"));
}

TEST_F(RateTest, BytesBeyondTheRateAreReadLaterAndNoneIsLost) {
  start(rates("connection_bytes = \"200KiB/s burst 20KiB\"\n"));
  WsClient client(pharos_.relay_address());
  std::set<std::string> waiting;
  // Some 100 KB, of which all but the first fifth has to wait.
  std::vector<std::string> messages;
  for (int i = 0; i < 100; ++i) {
    const Event event = note(std::to_string(i) + std::string(600, 'x'));
    waiting.insert(event.id.hex());
    messages.push_back(R"(["EVENT",)" + test::to_json(event) + "]");
  }
  for (const std::string& message : messages) ASSERT_TRUE(client.send(message));
  while (!waiting.empty()) {
    const auto reply = client.receive(std::chrono::seconds(30));
    ASSERT_TRUE(reply.has_value()) << waiting.size() << " are not acknowledged";
    if (!reply->starts_with("[\"OK\"")) continue;
    EXPECT_THAT(*reply, HasSubstr(",true,"));
    waiting.erase(reply->substr(7, 64));
  }
  EXPECT_THAT(NostrClient(pharos_.relay_address()).query(R"({"kinds":[1]})"), SizeIs(100));
  EXPECT_THAT(metrics(), ::testing::Not(HasSubstr("pharos_rate_pauses_total{by=\"connection\"} 0\n")));
}

TEST_F(RateTest, ALogInDetailNamesWhomItRefuses) {
  start(rates("address_events = \"1/h\"\n") + "[log]\nlevel = \"debug\"\n");
  NostrClient client(pharos_.relay_address());
  EXPECT_TRUE(client.publish(note("taken")).accepted);
  EXPECT_FALSE(client.publish(note("too fast")).accepted);
  EXPECT_THAT(pharos_.log(), HasSubstr("event refused peer=127.0.0.1:"));
  EXPECT_THAT(pharos_.log(), HasSubstr("reason=rate_limited"));
  RawSocket("127.0.0.1:" + pharos_.relay_address().substr(pharos_.relay_address().rfind(':') + 1)).send("x\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return pharos_.log().find("connection refused peer=127.0.0.1:") != std::string::npos; }))
      << pharos_.log();
}

TEST_F(RateTest, ExemptAddressesMeetNone) {
  start(
      rates("connection_events = \"1/h\"\naddress_events = \"1/h\"\npubkey_events = \"1/h\"\n"
            "connection_requests = \"1/h\"\naddress_connections = \"1/h\"\naddress_bytes = \"1/h\"\n",
            "[\"127.0.0.0/8\"]"));
  for (int i = 0; i < 3; ++i) {
    NostrClient client(pharos_.relay_address());
    for (int n = 0; n < 3; ++n) EXPECT_TRUE(client.publish(note(std::to_string(3 * i + n))).accepted);
    EXPECT_THAT(client.query(R"({"kinds":[1]})"), SizeIs(3 * i + 3));
  }
}

TEST_F(RateTest, AReloadSwitchesRatesForConnectionsThatAreOpen) {
  start(rates("connection_events = \"1/h burst 1\"\n"));
  NostrClient client(pharos_.relay_address());
  ASSERT_TRUE(client.publish(note("1")).accepted);
  const Event second = note("2");
  ASSERT_FALSE(client.publish(second).accepted);
  const auto replace = [&](const std::string& from, const std::string& to) {
    std::ifstream in(pharos_.config_file());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    in.close();
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    std::ofstream(pharos_.config_file()) << text.replace(at, from.size(), to);
    pharos_.process().signal(SIGHUP);
  };
  replace("connection_events = \"1/h burst 1\"", "connection_events = \"off\"");
  EXPECT_TRUE(comes_in(client, second));
  replace("connection_requests = \"off\"", "connection_requests = \"1/h burst 1\"");
  EXPECT_TRUE(eventually([&] {
    std::string closed;
    client.query(R"({"limit":1})", &closed);
    return closed.starts_with("rate-limited: ");
  }));
}

TEST_F(RateTest, AKindMayBeLargerThanTheOthers) {
  start(
      "[ingest]\nmax_tags = 3\n[[kind_limit]]\nkinds = [3, \"10000-19999\"]\nmax_tags = 10\n"
      "[[kind_limit]]\nkinds = [1]\nmax_content_length = 5\n");
  NostrClient client(pharos_.relay_address());
  const auto of_kind = [&](Kind kind) {
    Event event;
    event.kind = kind;
    event.created_at = clock_.unix_now();
    for (int i = 0; i < 8; ++i) event.tags.add({"p", alice_.hex()});
    return alice_.sign(std::move(event));
  };
  EXPECT_TRUE(client.publish(of_kind(3)).accepted);
  EXPECT_TRUE(client.publish(of_kind(10'002)).accepted);
  EXPECT_THAT(client.publish(of_kind(7)).message, StartsWith("invalid: more than 3 tags"));
  EXPECT_TRUE(client.publish(note("short")).accepted);
  EXPECT_THAT(client.publish(note("longer")).message, StartsWith("invalid: content is longer than 5"));
  EXPECT_THAT(http_get(pharos_.relay_address(), "/", "Accept: application/nostr+json\r\n").body,
              HasSubstr("\"max_event_tags\":3"));
}

}  // namespace
}  // namespace pharos::testing
