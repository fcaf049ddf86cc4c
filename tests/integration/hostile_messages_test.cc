// What no client should say: Nostr messages that are malformed, enormous, contradictory or false. Each is answered as
// NIP-01 has it, and a client that behaves is served before, between and after.
#include <gmock/gmock.h>

#include "nostr/canonical.h"
#include "nostr/nip42.h"
#include "support/hostile_fixture.h"
#include "support/signed_notes.h"

namespace pharos::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

class Hostile : public HostileFixture {
 protected:
  static std::string json(const Event& event) {
    std::string out;
    append_event_json(out, event);
    return out;
  }

  // The next message that is no challenge.
  static std::string reply(WsClient& client) {
    while (auto text = client.receive()) {
      if (!text->starts_with("[\"AUTH\"")) return *text;
    }
    return "(none)";
  }
  std::string ask(const std::string& text) {
    WsClient client(relay_.relay_address());
    EXPECT_TRUE(client.send(text));
    return reply(client);
  }
  std::string publish(const std::string& event_json) { return ask("[\"EVENT\"," + event_json + "]"); }

  // Up to EOSE or CLOSED.
  static std::vector<std::string> answers(WsClient& client, const std::string& text) {
    client.send(text);
    std::vector<std::string> all;
    while (true) {
      all.push_back(reply(client));
      if (all.back().starts_with("[\"EOSE\"") || all.back().starts_with("[\"CLOSED\"") || all.back() == "(none)")
        return all;
    }
  }
  std::vector<std::string> request(const std::string& filters) {
    WsClient client(relay_.relay_address());
    return answers(client, "[\"REQ\",\"r\"," + filters + "]");
  }
};

constexpr std::string_view kInvalid = R"(["NOTICE","invalid: )";

TEST_F(Hostile, WhatIsNoMessageIsNoticedAndTheConnectionStays) {
  WsClient client(relay_.relay_address());
  for (const char* text :
       {"[", "[\"R", "[\"REQ\"", "[\"REQ\",", "[\"EVENT\"]", "[]", "{}", "\"\"", "\n", "", "null", "[[\"REQ\"]]",
        "[1,2]", "[\"\"]", "[\"REQ\"]", "[\"CLOSE\"]", "[\"CLOSE\",1]", "[\"AUTH\"]", "[\"COUNT\",\"c\"]"}) {
    ASSERT_TRUE(client.send(text));
    EXPECT_THAT(reply(client), AnyOf(StartsWith(kInvalid), StartsWith(R"(["NOTICE","unsupported: )"),
                                     StartsWith(R"(["CLOSED","c","invalid: )")))
        << text;
  }
  EXPECT_THAT(answers(client, R"(["REQ","still here",{"limit":0}])").back(), StartsWith(R"(["EOSE","still here")"));
}

TEST_F(Hostile, TextAroundTheMessageIsNotRead) {
  for (const char* text :
       {"x[\"REQ\",\"a\",{}]", "[\"REQ\",\"a\",{}]x", "\xef\xbb\xbf[\"REQ\",\"a\",{}]",
        "[\"REQ\",\"a\",{}][\"REQ\",\"b\",{}]", "[\"REQ\",\"a\",{},]", "[\"REQ\",\"a\",{}/* c */]",
        "[\"REQ\",\"a\",{\"since\":NaN}]", "[\"REQ\",\"a\",{\"since\":Infinity}]", "['REQ','a',{}]"}) {
    EXPECT_THAT(ask(text), AnyOf(StartsWith(kInvalid), StartsWith(R"(["CLOSED","a","invalid: )"))) << text;
  }
}

TEST_F(Hostile, LoneSurrogatesAreNoText) {
  const Event note = sign(1, "PLACE");
  for (const char* content : {"\\ud83d", "\\ude00\\ud83d", "\\ud83dx", "\\ud83d\\u0041"}) {
    EXPECT_THAT(publish(replaced(json(note), "PLACE", content)),
                StartsWith("[\"OK\",\"" + note.id.hex() + "\",false,\"invalid: "))
        << content;
  }
}

TEST_F(Hostile, NulIsACharacterLikeAnyOther) {
  const std::string nul(1, '\0');
  NostrClient client(relay_.relay_address());
  const Event first = sign(30'000, "a" + nul + "b", TagList({{"d", "x" + nul + "1"}, {"t", "q" + nul}}));
  const Event second = sign(30'000, "other", TagList({{"d", "x" + nul + "2"}}));
  EXPECT_TRUE(client.publish(first).accepted);
  EXPECT_TRUE(client.publish(second).accepted) << "another address, though it is the same up to the NUL";
  EXPECT_THAT(client.query(R"({"kinds":[30000]})"), SizeIs(2));
  const auto found = client.query(R"({"#t":["q\u0000"]})");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].content, first.content);
  EXPECT_THAT(client.query(R"({"#t":["q"]})"), IsEmpty());
  WsClient other(relay_.relay_address());
  EXPECT_EQ(answers(other, R"(["REQ","s\u0000s",{"limit":0}])").back(), R"(["EOSE","s\u0000s"])");
}

TEST_F(Hostile, EscapesOnTheWireAreDecodedBeforeTheIdIsCounted) {
  const Event note = sign(1, "PLACE /A\n");
  EXPECT_EQ(publish(replaced(json(note), R"(PLACE /A\n)", R"(\u0050LACE \/\u0041\u000A)")),
            "[\"OK\",\"" + note.id.hex() + "\",true,\"\"]");
}

TEST_F(Hostile, NumbersThatAreNoTimeAreRefused) {
  const Event note = sign(1, "x");
  const std::string time = "\"created_at\":" + std::to_string(note.created_at);
  for (const char* number : {"1.0", "1e9", "-0", "01", "\"123\"", "-1", "9007199254740993", "9223372036854775808",
                             "18446744073709551616", "1e400", "true", "null", "[]", "1.7e9", "+1", "0x10", ""}) {
    EXPECT_THAT(publish(replaced(json(note), time, std::string("\"created_at\":") + number)),
                AnyOf(StartsWith("[\"OK\",\"" + note.id.hex() + "\",false,\"invalid: "), StartsWith(kInvalid)))
        << number;
  }
}

TEST_F(Hostile, NumbersThatAreNoKindAreRefused) {
  const Event note = sign(5, "x");
  for (const char* number : {"-1", "65536", "65541", "70000", "1.5", "\"1\"", "true", "4294967301", "null"}) {
    EXPECT_THAT(publish(replaced(json(note), "\"kind\":5", std::string("\"kind\":") + number)),
                StartsWith("[\"OK\",\"" + note.id.hex() + "\",false,\"invalid: "))
        << number;
  }
}

TEST_F(Hostile, KindsAndTimesOutOfRangeMatchNothingInFilters) {
  NostrClient client(relay_.relay_address());
  ASSERT_TRUE(client.publish(sign(1, "x")).accepted);
  for (const char* filter :
       {R"({"kinds":[65537]})", R"({"kinds":[4294967297]})", R"({"kinds":[65536,70000]})",
        R"({"since":9223372036854775807})", R"({"since":18446744073709551616})", R"({"until":0})"}) {
    std::string closed;
    EXPECT_THAT(client.query(filter, &closed), IsEmpty()) << filter;
    EXPECT_THAT(closed, AnyOf(IsEmpty(), StartsWith("invalid: "))) << filter;
  }
  std::string closed;
  EXPECT_THAT(client.query(R"({"until":9223372036854775807,"kinds":[1,65537]})", &closed), SizeIs(1)) << closed;
}

TEST_F(Hostile, WhatIsSaidTwiceIsRefused) {
  const Event note = sign(1, "x");
  for (const char* field : {"content", "created_at", "kind", "tags", "sig", "pubkey"}) {
    const std::string name = std::string("\"") + field + "\":";
    EXPECT_THAT(publish(replaced(json(note), name, name + "1," + name)), HasSubstr("false,\"invalid: ")) << field;
  }
  EXPECT_THAT(publish(replaced(json(note), "{", "{\"id\":\"" + std::string(64, 'a') + "\",")), HasSubstr("invalid: "));
  EXPECT_THAT(request(R"({"kinds":[1],"kinds":[2]})").back(), StartsWith(R"(["CLOSED","r","invalid: )"));
  EXPECT_THAT(request(R"({"#t":["a"],"#t":["b"]})").back(), StartsWith(R"(["CLOSED","r","invalid: )"));
}

TEST_F(Hostile, UnsignedFieldsAreNotServed) {
  const Event note = sign(1, "x");
  EXPECT_EQ(publish(replaced(json(note), "{", R"({"__proto__":{"a":[1]},"seen":"<b>",)")),
            "[\"OK\",\"" + note.id.hex() + "\",true,\"\"]");
  const auto served = request(R"({"ids":[")" + note.id.hex() + "\"]}");
  ASSERT_THAT(served, SizeIs(2));
  EXPECT_EQ(served[0], "[\"EVENT\",\"r\"," + json(note) + "]");
  WsClient client(relay_.relay_address());
  client.send("[\"EVENT\"," + replaced(json(note), "{", "{\"x\":\"" + std::string(1'000'000, 'x') + "\",") + "]");
  while (client.receive()) {
  }
  EXPECT_EQ(client.close_code(), 1009) << "the size of a message counts all of it";
}

TEST_F(Hostile, DeepNestingIsRefusedWithoutRecursion) {
  for (const char* text : {"[", "{\"a\":", "[\"REQ\",\"a\",{\"x\":["}) {
    EXPECT_THAT(ask(repeated(text, 100'000 / std::string_view(text).size())),
                AnyOf(StartsWith(kInvalid), StartsWith(R"(["CLOSED")")));
  }
  const Event note = sign(1, "x");
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  EXPECT_THAT(publish(replaced(json(note), "\"tags\":[]", "\"tags\":" + deep)), HasSubstr("false,\"invalid: "));
  EXPECT_THAT(publish(replaced(json(note), "{", "{\"x\":" + deep + ",")), HasSubstr("invalid: "));
}

TEST_F(Hostile, HugeTagsAreRefusedAndLargeOnesFound) {
  NostrClient client(relay_.relay_address());
  TagList many;
  for (int i = 0; i < 20'000; ++i) many.add({"p"});
  EXPECT_THAT(client.publish(sign(1, "", std::move(many))).message, StartsWith("invalid: "));
  EXPECT_THAT(client.publish(sign(1, "", TagList({{"t", std::string(100'000, 'x')}}))).message,
              StartsWith("invalid: "));
  TagList people;
  for (int i = 0; i < 10'000; ++i) people.add({"p", "x"});
  EXPECT_THAT(client.publish(sign(5, "", std::move(people))).message, StartsWith("invalid: "));
  const std::string long_value(10'000, 'v');
  EXPECT_TRUE(client.publish(sign(1, "", TagList({{"t", long_value + "1"}}))).accepted);
  EXPECT_TRUE(client.publish(sign(1, "", TagList({{"t", long_value + "2"}}))).accepted);
  EXPECT_THAT(client.query(R"({"#t":[")" + long_value + "1\"]}"), SizeIs(1)) << "longer than any key of the database";
}

TEST_F(Hostile, TagNamesThatAreNoIndexAreStored) {
  NostrClient client(relay_.relay_address());
  const Event note = sign(1, "x", TagList({{""}, {"", "v"}, {"proxy", "v"}, {"\xf0\x9f\x94\xa5", "v"}, {"1", "v"}}));
  ASSERT_TRUE(client.publish(note).accepted);
  const auto found = client.query(R"({"ids":[")" + note.id.hex() + "\"]}");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(json(found[0]), json(note));
  for (const char* filter : {R"({"#1":["v"]})", R"({"#proxy":["v"]})", R"({"#":["v"]})"}) {
    std::string closed;
    EXPECT_THAT(client.query(filter, &closed), IsEmpty()) << filter;
    EXPECT_THAT(closed, AnyOf(StartsWith("unsupported: "), StartsWith("invalid: "))) << filter;
  }
}

TEST_F(Hostile, RequestsBeyondTheCapsAreClosed) {
  const std::string id = "\"" + std::string(64, 'a') + "\"";
  EXPECT_THAT(request(repeated("{},", 199) + "{}").back(), StartsWith(R"(["CLOSED","r","invalid: )"));
  std::string ids;
  for (int i = 0; i < 6'000; ++i) {
    char name[65];
    std::snprintf(name, sizeof name, "%064x", i);
    ids.append(ids.empty() ? "\"" : ",\"").append(name).append("\"");
  }
  EXPECT_THAT(request("{\"ids\":[" + ids + "]}").back(), StartsWith("[\"EOSE\""))
      << "6,000 ids are many, and few enough";
  std::string tags;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    tags += std::string(letter == 'a' ? "" : ",") + "\"#" + letter + "\":[\"1\",\"2\",\"3\",\"4\"]";
  }
  EXPECT_THAT(request("{" + tags + "}").back(), AnyOf(StartsWith("[\"EOSE\""), StartsWith("[\"CLOSED\"")));
  std::string values;
  for (int i = 0; i < 60'000; ++i) values += (i == 0 ? "" : ",") + std::to_string(i);
  EXPECT_THAT(request("{\"kinds\":[" + values + "]}").back(), StartsWith(R"(["CLOSED","r",)"));
}

TEST_F(Hostile, EverythingWithAHugeLimitIsBounded) {
  NostrClient client(relay_.relay_address());
  for (const Event& note : signed_notes(1'200, SystemClock().unix_now() - 5'000, 3)) {
    ASSERT_TRUE(client.publish(note).accepted);
  }
  EXPECT_THAT(client.query(R"({"limit":9007199254740991})"), SizeIs(1'000));
  EXPECT_THAT(client.query("{}"), SizeIs(500));
  EXPECT_THAT(client.query(R"({"since":5,"until":4})"), IsEmpty());
  EXPECT_THAT(client.query(R"({"kinds":[],"limit":10})"), IsEmpty());
  EXPECT_THAT(client.query(R"({"limit":0})"), IsEmpty());
}

TEST_F(Hostile, TenThousandSubscriptionsEndAtTheCap) {
  WsClient client(relay_.relay_address());
  int opened = 0;
  int refused = 0;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(client.send("[\"REQ\",\"s" + std::to_string(i) + "\",{\"limit\":0}]"));
    // Read along: what nobody reads is a slow reader's.
    const std::string answer = reply(client);
    opened += answer.starts_with("[\"EOSE\"");
    refused += answer.starts_with("[\"CLOSED\"");
  }
  EXPECT_EQ(opened, 64);
  EXPECT_EQ(refused, 10'000 - 64);
}

TEST_F(Hostile, OneNameOpenedOverAndOverEndsWithTheLastOfThem) {
  WsClient client(relay_.relay_address());
  for (int i = 0; i < 10'000; ++i) {
    client.send("[\"REQ\",\"same\",{\"kinds\":[" + std::to_string(40'000 + i) + "]}]");
    if (i % 3 == 0) client.send(R"(["CLOSE","same"])");
  }
  client.send(R"(["REQ","same",{"kinds":[1]}])");
  EXPECT_THAT(answers(client, R"(["REQ","end",{"kinds":[3],"limit":0}])").size(), ::testing::Le(10'002U));
  NostrClient author(relay_.relay_address());
  ASSERT_TRUE(author.publish(sign(2, "to nobody")).accepted);
  const Event note = sign(1, "live");
  ASSERT_TRUE(author.publish(note).accepted);
  std::string live = reply(client);
  while (live.starts_with("[\"EOSE\"")) live = reply(client);
  EXPECT_EQ(live, "[\"EVENT\",\"same\"," + json(note) + "]");
}

TEST_F(Hostile, CountsOfEverythingInALoopAreAnswered) {
  WsClient client(relay_.relay_address());
  for (int i = 0; i < 500; ++i) {
    client.send("[\"COUNT\",\"c" + std::to_string(i) + "\",{}]");
    EXPECT_THAT(reply(client), AnyOf(StartsWith("[\"COUNT\""), StartsWith("[\"CLOSED\"")));
  }
  for (int i = 0; i < 200; ++i) client.send("[\"COUNT\",\"d" + std::to_string(i) + "\",{}]");
  for (int i = 0; i < 200; ++i) {
    EXPECT_THAT(reply(client), AnyOf(StartsWith("[\"COUNT\""), StartsWith("[\"CLOSED\"")));
  }
}

TEST_F(Hostile, NegentropyThatIsNoneEndsTheSessionWithAReason) {
  const std::string good = "6100000200";
  for (const std::string& message :
       {std::string("5f"), std::string(), std::string("610000"), std::string("61000003"),
        std::string("610000028fffffff7f"), std::string("61002100"), std::string("6"), std::string("zz"),
        "61" + std::string(24, 'f'), std::string("6102000101000000"), repeated("61", 200'000)}) {
    const std::string end = ask(R"(["NEG-OPEN","n",{},")" + message + "\"]");
    EXPECT_THAT(end, StartsWith(R"(["NEG-ERR","n","invalid: )")) << message.substr(0, 40);
  }
  EXPECT_EQ(ask(R"(["NEG-OPEN","n",{},"62"])"), R"(["NEG-MSG","n","61"])") << "another version is told ours";
  EXPECT_THAT(ask(R"(["NEG-MSG","n",")" + good + "\"]"), StartsWith(R"(["NEG-ERR","n","closed: )"));
  WsClient client(relay_.relay_address());
  int refused = 0;
  for (int i = 0; i < 1'000; ++i) {
    client.send("[\"NEG-OPEN\",\"n" + std::to_string(i) + "\",{},\"" + good + "\"]");
    refused += reply(client).starts_with("[\"NEG-ERR\"");
  }
  EXPECT_EQ(refused, 1'000 - 16);
}

TEST_F(Hostile, NegentropyOfThousandsOfRangesAnswersInABoundedFrame) {
  NostrClient author(relay_.relay_address());
  for (const Event& note : signed_notes(300, SystemClock().unix_now() - 500, 4))
    ASSERT_TRUE(author.publish(note).accepted);
  // Lists of no ids, a second apart: each is answered with what lies in it.
  std::string ranges = "61";
  for (int i = 0; i < 30'000; ++i) ranges += "02000200";
  EXPECT_THAT(ask(R"(["NEG-OPEN","n",{},")" + ranges + "\"]"), StartsWith(R"(["NEG-MSG","n","61)"));
}

TEST_F(Hostile, AuthThatProvesNothingIsRefused) {
  NostrClient client(relay_.relay_address());
  const auto hello = client.next();
  ASSERT_TRUE(hello && std::holds_alternative<AuthReply>(*hello));
  const std::string challenge = std::get<AuthReply>(*hello).challenge;
  const auto proof = [&](Kind kind, TagList tags, UnixSeconds ahead = 0) {
    client.ws().send("[\"AUTH\"," + json(sign(kind, "", std::move(tags), ahead)) + "]");
    const auto answer = client.next();
    return answer && std::holds_alternative<OkReply>(*answer) ? std::get<OkReply>(*answer) : OkReply{{}, true, "none"};
  };
  const std::string url = relay_.relay_url();
  const std::string elsewhere = "wss://elsewhere.example/";
  EXPECT_FALSE(proof(22'242, TagList({{"relay", url}, {"challenge", "replayed"}})).accepted);
  EXPECT_FALSE(proof(22'242, TagList({{"relay", elsewhere}, {"challenge", challenge}})).accepted);
  EXPECT_FALSE(proof(22'242, TagList({{"relay", url}, {"relay", elsewhere}})).accepted) << "two tags are not both";
  EXPECT_FALSE(proof(22'242, TagList({{"challenge", challenge}, {"challenge", challenge}})).accepted);
  EXPECT_FALSE(proof(22'242, TagList({{"challenge", url}, {"relay", challenge}})).accepted);
  EXPECT_FALSE(proof(1, TagList({{"relay", url}, {"challenge", challenge}})).accepted);
  EXPECT_FALSE(proof(22'242, TagList({{"relay", url}, {"challenge", challenge}}), -3'600).accepted);
  EXPECT_FALSE(proof(22'242, TagList({{"relay", url}, {"challenge", challenge}}), 3'600).accepted);
  const Event event = sign(22'242, "", TagList({{"relay", url}, {"challenge", challenge}}));
  EXPECT_FALSE(client.publish(event).accepted) << "never by EVENT";
  EXPECT_THAT(client.query(R"({"kinds":[22242]})"), IsEmpty());
  const OkReply good = proof(22'242, TagList({{"relay", url}, {"challenge", challenge}}));
  EXPECT_TRUE(good.accepted) << good.message;
}

TEST_F(Hostile, AConnectionProvesSoManyKeysAndNoMore) {
  NostrClient client(relay_.relay_address());
  const auto hello = client.next();
  ASSERT_TRUE(hello && std::holds_alternative<AuthReply>(*hello));
  const auto url = RelayUrl::parse(relay_.relay_url());
  ASSERT_TRUE(url);
  int accepted = 0;
  for (int i = 0; i < 60; ++i) {
    Event event = make_auth_event(url.value(), std::get<AuthReply>(*hello).challenge, SystemClock().unix_now());
    sign_event(event, generate_secret_key(random_), random_);
    client.ws().send("[\"AUTH\"," + json(event) + "]");
    const auto answer = client.next();
    ASSERT_TRUE(answer && std::holds_alternative<OkReply>(*answer));
    accepted += std::get<OkReply>(*answer).accepted;
  }
  EXPECT_EQ(accepted, 16);
}

TEST_F(Hostile, NamesOfSubscriptionsComeBackEscaped) {
  for (const char* name : {R"(\"],[\")", R"(a\nb\tc)", R"(<script>alert(1)</script>)", R"(\u001b[31m)", R"(\\)"}) {
    WsClient client(relay_.relay_address());
    const std::string quoted = "\"" + std::string(name) + "\"";
    EXPECT_EQ(answers(client, "[\"REQ\"," + quoted + ",{\"limit\":0}]").back(), "[\"EOSE\"," + quoted + "]") << name;
  }
  const std::string emoji = repeated("\xf0\x9f\x94\xa5", 64);
  WsClient client(relay_.relay_address());
  EXPECT_EQ(answers(client, "[\"REQ\",\"" + emoji + "\",{\"limit\":0}]").back(), "[\"EOSE\",\"" + emoji + "\"]");
  EXPECT_THAT(ask("[\"REQ\",\"" + std::string(65, 'x') + "\",{}]"), HasSubstr("invalid: "));
  EXPECT_THAT(ask(R"(["REQ","",{}])"), HasSubstr("invalid: "));
  EXPECT_EQ(relay_.log().find('\x1b'), std::string::npos) << "no escape reaches the operator's terminal";
}

TEST_F(Hostile, AForeignIdIsNoDuplicateAndNoDamage) {
  NostrClient client(relay_.relay_address());
  const Event stored = sign(1, "stored");
  ASSERT_TRUE(client.publish(stored).accepted);
  Event liar = sign(1, "another");
  liar.id = stored.id;
  EXPECT_THAT(publish(json(liar)), StartsWith("[\"OK\",\"" + stored.id.hex() + "\",false,\"invalid: "));
  const auto found = client.query(R"({"ids":[")" + stored.id.hex() + "\"]}");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].content, "stored");
}

TEST_F(Hostile, SignaturesThatAreNoneAreRefused) {
  const Event note = sign(1, "x");
  const std::string sig = note.sig.hex();
  const std::string r = sig.substr(0, 64);
  const std::string s = sig.substr(64);
  const std::string field_prime = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
  const std::string group_order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
  std::string flipped = sig;
  flipped[5] = flipped[5] == '0' ? '1' : '0';
  for (const std::string& bad : {field_prime + s, r + group_order, std::string(128, '0'), std::string(128, 'f'), s + r,
                                 flipped, r + std::string(64, '0')}) {
    EXPECT_THAT(publish(replaced(json(note), sig, bad)),
                StartsWith("[\"OK\",\"" + note.id.hex() + "\",false,\"invalid: "))
        << bad;
  }
  for (const std::string& bad : {sig.substr(1), sig + "0", replaced(sig, sig.substr(0, 2), "0x"), std::string()}) {
    EXPECT_THAT(publish(replaced(json(note), sig, bad)), HasSubstr("false,\"invalid: ")) << bad;
  }
  // No point of the curve has this x coordinate.
  Event nobody = note;
  nobody.pubkey = *PublicKey::from_hex("eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34");
  nobody.id = compute_id(nobody);
  EXPECT_THAT(publish(json(nobody)), StartsWith("[\"OK\",\"" + nobody.id.hex() + "\",false,\"invalid: "));
}

TEST_F(Hostile, RepostsInsideRepostsAreReadOnce) {
  std::string inner = json(sign(1, "the innermost"));
  // Quotes double the escapes at each level.
  for (int level = 0; level < 50 && inner.size() < 200'000; ++level) inner = json(sign(6, inner));
  const std::string answer = publish(inner);
  EXPECT_THAT(answer, StartsWith("[\"OK\""));
}

TEST_F(Hostile, TimesFarAheadBuryNothing) {
  NostrClient client(relay_.relay_address());
  const Event note = sign(1, "mine");
  ASSERT_TRUE(client.publish(note).accepted);
  constexpr UnixSeconds kYear = 365 * 86'400;
  EXPECT_THAT(client.publish(sign(5, "", TagList({{"e", note.id.hex()}}), kYear)).message, StartsWith("invalid: "));
  EXPECT_THAT(client.publish(sign(62, "", TagList({{"relay", "ALL_RELAYS"}}), kYear)).message, StartsWith("invalid: "));
  EXPECT_THAT(client.publish(sign(0, "{}", {}, kYear)).message, StartsWith("invalid: "));
  const std::string now = std::to_string(SystemClock().unix_now());
  EXPECT_THAT(client.publish(sign(1, "", TagList({{"expiration", now}}))).message, StartsWith("invalid: "));
  EXPECT_TRUE(client.publish(sign(1, "", TagList({{"expiration", "99999999999999999999999"}}))).accepted)
      << "a number that is none is no expiration";
  EXPECT_THAT(client.query(R"({"ids":[")" + note.id.hex() + "\"]}"), SizeIs(1));
}

TEST_F(Hostile, WhoeverTalksGarbageOnAndOnIsCutOff) {
  WsClient client(relay_.relay_address());
  bool connected = true;
  for (int i = 0; i < 100'000 && connected; ++i) {
    connected = client.send("garbage") && (i % 10 != 0 || reply(client) != "(none)");
  }
  while (client.receive()) {
  }
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(client.close_code(), 1008);
}

}  // namespace
}  // namespace pharos::testing
