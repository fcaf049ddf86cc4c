// NIP-11: what the relay says of itself, and that it keeps to it.

#include "support/nip_client.h"
#include "support/ok_matchers.h"
#include "support/raw_socket.h"

namespace pharos::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

HttpReply get(const std::string& accept, const PharosInstance& relay = shared_relay()) {
  return http_get(relay.relay_address(), "/", accept.empty() ? "" : "Accept: " + accept + "\r\n");
}
std::string document(const PharosInstance& relay = shared_relay()) { return get("application/nostr+json", relay).body; }

TEST(Nip11, WhoeverNamesTheTypeGetsTheDocument) {
  for (const char* accept : {"application/nostr+json", "Application/Nostr+JSON", "application/nostr+json;charset=utf-8",
                             "application/nostr+json, */*", "text/plain;q=0.5, application/nostr+json;q=0.9",
                             "application/json,application/nostr+json"}) {
    const HttpReply reply = get(accept);
    EXPECT_EQ(reply.status, 200U) << accept;
    EXPECT_THAT(reply.head, HasSubstr("Content-Type: application/nostr+json")) << accept;
    EXPECT_THAT(reply.head, HasSubstr("Vary: Accept"));
    EXPECT_THAT(reply.body, AllOf(StartsWith("{"), HasSubstr("\"supported_nips\":[")));
  }
  for (const char* accept : {"", "*/*", "text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                             "application/nostr+json;q=0, */*"}) {
    EXPECT_THAT(get(accept).head, Not(HasSubstr("application/nostr+json"))) << accept;
  }
}

TEST(Nip11, AnyPageMayReadIt) {
  for (const char* accept : {"application/nostr+json", "text/html"}) {
    const HttpReply reply = get(accept);
    EXPECT_THAT(reply.head, HasSubstr("Access-Control-Allow-Origin: *"));
    EXPECT_THAT(reply.head, HasSubstr("Access-Control-Allow-Headers: "));
    EXPECT_THAT(reply.head, HasSubstr("Access-Control-Allow-Methods: "));
  }
  const HttpReply preflight = http_exchange(
      shared_relay().relay_address(),
      "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n"
      "Access-Control-Request-Headers: accept\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(preflight.status, ::testing::AnyOf(200U, 204U));
  EXPECT_THAT(preflight.head,
              AllOf(HasSubstr("Access-Control-Allow-Origin: *"), HasSubstr("Access-Control-Allow-Headers: "),
                    HasSubstr("Accept"), HasSubstr("Access-Control-Allow-Methods: ")));
}

// 65, 94 and 96 ask nothing of a relay but to keep events, which NIP-01 says; 26 is discouraged; 29 is not done here.
TEST(Nip11, ItNamesTheNipsOfThisRelay) {
  EXPECT_THAT(document(), HasSubstr("\"supported_nips\":[1,4,9,11,17,40,42,45,50,59,62,70,77]"));
}

TEST(Nip11, ItHasTheFieldsOfTodayAndNoOthers) {
  const std::string json = document();
  for (const char* field :
       {"\"name\":\"", "\"self\":\"", "\"version\":\"", "\"max_message_length\":524288", "\"max_subscriptions\":64",
        "\"max_limit\":1000", "\"max_subid_length\":64", "\"max_event_tags\":5000", "\"max_content_length\":262144",
        "\"default_limit\":500", "\"auth_required\":false", "\"payment_required\":false", "\"restricted_writes\":false",
        "\"created_at_lower_limit\":94608000", "\"created_at_upper_limit\":900"}) {
    EXPECT_THAT(json, HasSubstr(field));
  }
  for (const char* field : {"max_filters", "privacy_policy", "retention", "relay_countries", "language_tags",
                            "\"tags\"", "posting_policy"}) {
    EXPECT_THAT(json, Not(HasSubstr(field)));
  }
}

TEST(Nip11, WhatIsSwitchedOffIsNeitherNamedNorAnswered) {
  PharosInstance relay("count = false\nnegentropy = false\ngate_private_messages = false\n[ingest]\nvanish = false");
  ASSERT_TRUE(relay.start()) << relay.log();
  EXPECT_THAT(document(relay), HasSubstr("\"supported_nips\":[1,9,11,40,42,70]"));
  NipClient client(relay);
  test::Person alice = somebody();
  EXPECT_THAT(client.count("{}"), StartsWith("CLOSED unsupported: "));
  EXPECT_THAT(client.ask(R"(["NEG-OPEN","n",{},"6100000200"])"), StartsWith(R"(["NEG-ERR","n","unsupported: )"));
  EXPECT_THAT(client.ask(R"(["REQ","s",{"search":"x"}])"), StartsWith(R"(["CLOSED","s","unsupported: )"));
  EXPECT_THAT(client.publish(alice.event(62, now(), "", {{"relay", "ALL_RELAYS"}})), IsRefused("blocked: "));
  const Event message = alice.event(4, now(), "for all");
  EXPECT_THAT(client.publish(message), IsTaken());
  EXPECT_THAT(ids(client.query("{\"kinds\":[4]}")), ElementsAre(message.id));
}

class Nip11Limits : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    relay_ = std::make_unique<PharosInstance>(
        "max_message_bytes = \"64KiB\"\nmax_subscriptions = 2\nmax_limit = 5\ndefault_limit = 3\n"
        "max_subscription_id = 10\n[ingest]\nmax_tags = 4\nmax_content_length = 100\nmax_age = \"1h\"\n"
        "max_ahead = \"1m\"");
    ASSERT_TRUE(relay_->start()) << relay_->log();
  }
  static void TearDownTestSuite() { relay_.reset(); }
  static void advertises(const std::string& limit) { EXPECT_THAT(document(*relay_), HasSubstr(limit)); }

  static std::unique_ptr<PharosInstance> relay_;
  NipClient client_{*relay_};
  test::Person alice_ = somebody();
};

std::unique_ptr<PharosInstance> Nip11Limits::relay_;

TEST_F(Nip11Limits, OfMessages) {
  advertises("\"max_message_length\":65536");
  client_.send("[\"REQ\",\"s\",{\"#t\":[" + in_quotes(std::string(65'000, 'x')) + "]}]");
  EXPECT_EQ(client_.next(), R"(["EOSE","s"])");
  client_.send("[\"REQ\",\"s\",{\"#t\":[" + in_quotes(std::string(66'000, 'x')) + "]}]");
  EXPECT_EQ(client_.next(), "");
  EXPECT_EQ(client_.ws().close_code(), 1009);
}

TEST_F(Nip11Limits, OfSubscriptions) {
  advertises("\"max_subscriptions\":2");
  EXPECT_EQ(client_.ask(R"(["REQ","a",{"ids":[]}])"), R"(["EOSE","a"])");
  EXPECT_EQ(client_.ask(R"(["REQ","b",{"ids":[]}])"), R"(["EOSE","b"])");
  EXPECT_THAT(client_.ask(R"(["REQ","c",{"ids":[]}])"), StartsWith(R"(["CLOSED","c","rate-limited: )"));
  // One that takes another's place is no third, and COUNTs and sessions are none.
  EXPECT_EQ(client_.ask(R"(["REQ","b",{"kinds":[7]}])"), R"(["EOSE","b"])");
  EXPECT_THAT(client_.ask(R"(["COUNT","c",{"kinds":[7]}])"), StartsWith(R"(["COUNT","c",{"count":0)"));
  EXPECT_THAT(client_.ask(R"(["NEG-OPEN","c",{"kinds":[7]},"6100000200"])"), StartsWith(R"(["NEG-MSG","c",")"));
  client_.send(R"(["CLOSE","a"])");
  EXPECT_EQ(client_.ask(R"(["REQ","c",{"ids":[]}])"), R"(["EOSE","c"])");
}

TEST_F(Nip11Limits, OfStoredEvents) {
  advertises("\"max_limit\":5");
  advertises("\"default_limit\":3");
  for (int i = 0; i < 7; ++i) EXPECT_THAT(client_.publish(alice_.event(1, now() - i, std::to_string(i))), IsTaken());
  EXPECT_THAT(client_.query("{" + authors(alice_) + "}"), SizeIs(3));
  EXPECT_THAT(client_.query("{" + authors(alice_) + ",\"limit\":4}"), SizeIs(4));
  EXPECT_THAT(client_.query("{" + authors(alice_) + ",\"limit\":500}"), SizeIs(5));
}

TEST_F(Nip11Limits, OfSubscriptionIds) {
  advertises("\"max_subid_length\":10");
  EXPECT_EQ(client_.ask(R"(["REQ","0123456789",{"ids":[]}])"), R"(["EOSE","0123456789"])");
  EXPECT_THAT(client_.ask(R"(["REQ","0123456789x",{"ids":[]}])"), HasSubstr("\"invalid: "));
}

TEST_F(Nip11Limits, OfEvents) {
  advertises("\"max_event_tags\":4");
  advertises("\"max_content_length\":100");
  const TagList four{{"t"}, {"t"}, {"t"}, {"t"}};
  Event event;
  event.kind = 1;
  event.created_at = now();
  event.tags = four;
  EXPECT_THAT(client_.publish(alice_.sign(event)), IsTaken());
  event.tags.add({"t"});
  EXPECT_THAT(client_.publish(alice_.sign(event)), IsRefused("invalid: "));
  std::string content;
  for (int i = 0; i < 100; ++i) content += "\xf0\x9f\x98\x83";
  EXPECT_THAT(client_.publish(alice_.event(1, now(), content)), IsTaken());
  EXPECT_THAT(client_.publish(alice_.event(1, now(), content + "x")), IsRefused("invalid: "));
}

TEST_F(Nip11Limits, OfTimes) {
  advertises("\"created_at_lower_limit\":3600");
  advertises("\"created_at_upper_limit\":60");
  EXPECT_THAT(client_.publish(alice_.event(1, now() - 3'500, "x")), IsTaken());
  EXPECT_THAT(client_.publish(alice_.event(1, now() - 3'700, "x")), IsRefused("invalid: "));
  EXPECT_THAT(client_.publish(alice_.event(1, now() + 50, "x")), IsTaken());
  EXPECT_THAT(client_.publish(alice_.event(1, now() + 100, "x")), IsRefused("invalid: "));
}

TEST(Nip11, ConnectionsBeyondTheMostAreToldSo) {
  PharosInstance relay("max_connections = 2");
  ASSERT_TRUE(relay.start()) << relay.log();
  NipClient first(relay);
  {
    NipClient second(relay);
    RawSocket third(relay.relay_address());
    ASSERT_TRUE(third.send(ws_request()));
    EXPECT_THAT(third.read_until("\r\n\r\n"), HasSubstr(" 503 "));
  }
  EXPECT_EQ(first.ask(R"(["REQ","s",{"ids":[]}])"), R"(["EOSE","s"])");
}

TEST(Nip11, WhoLeavesMayComeBackAtOnce) {
  for (int i = 0; i < 50; ++i) {
    NipClient client;
    client.send(R"(["REQ","s",{"limit":5}])");
  }
  NipClient client;
  EXPECT_EQ(client.ask(R"(["REQ","s",{"ids":[]}])"), R"(["EOSE","s"])");
}

// A client that answers pings is kept, whether or not it has a subscription; one that says nothing at all is not.
TEST(Nip11, OnlyTheSilentAreSentAway) {
  PharosInstance relay("ping_interval = \"1s\"\nidle_timeout = \"6s\"");
  ASSERT_TRUE(relay.start()) << relay.log();
  NipClient subscribed(relay);
  NipClient idle(relay);
  EXPECT_THAT(subscribed.subscribe("s", "{}"), IsEmpty());
  RawSocket silent(relay.relay_address());
  ASSERT_TRUE(silent.send(ws_request()));
  bool ended = false;
  for (int i = 0; i < 600 && !ended; ++i) {
    EXPECT_EQ(subscribed.next(std::chrono::milliseconds(50)), "");
    EXPECT_EQ(idle.next(std::chrono::milliseconds(50)), "");
    ended = silent.read_until("\x88", std::chrono::milliseconds(50)).ends_with('\x88');  // a close frame
  }
  EXPECT_TRUE(ended);
  test::Person alice = somebody();
  const Event note = alice.event(1, now(), "x");
  EXPECT_THAT(idle.publish(note), IsTaken());
  EXPECT_THAT(subscribed.heard("s", note), ElementsAre(note.id));
}

}  // namespace
}  // namespace pharos::testing
