// NIP-01: the life of a subscription, and messages that are none; what breaks WebSocket: hostile_wire_test.cc.

#include <set>

#include "support/nip_client.h"
#include "support/ok_matchers.h"
#include "support/signed_notes.h"

namespace pharos::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Nip01Subscription : public ::testing::Test {
 protected:
  Event keep(const Event& event) { return writer_.keep(event); }

  NipClient client_;
  NipClient writer_;
  test::Person alice_ = somebody();
  test::Person bob_ = somebody();
};

TEST_F(Nip01Subscription, EoseComesOnceAndHasTwoElements) {
  EXPECT_EQ(client_.ask("[\"REQ\",\"s\",{" + authors(alice_) + ",\"kinds\":[1],\"limit\":10}]"), R"(["EOSE","s"])");
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
}

TEST_F(Nip01Subscription, LiveEventsFollowAndEachComesOnce) {
  const Event stored = keep(alice_.event(1, now() - 5, "stored"));
  EXPECT_THAT(ids(client_.subscribe("s", "{" + authors(alice_) + "},{\"ids\":[" + in_quotes(stored.id.hex()) + "]}")),
              ElementsAre(stored.id));
  const Event live = keep(alice_.event(1, now(), "live"));
  keep(bob_.event(1, now(), "not asked for"));
  keep(live);
  const Event dated_back = keep(alice_.event(1, now() - 1'000, "of old date"));
  EXPECT_THAT(client_.heard("s", dated_back), ElementsAre(live.id, dated_back.id));
}

// A relay may not end what can still match: an event asked for by its id may come later, and clients take CLOSED for a
// refusal. NIP-01 keeps a subscription until its client ends it.
TEST_F(Nip01Subscription, OneThatLooksCompleteStaysOpen) {
  const Event note = alice_.event(1, now(), "to come");
  EXPECT_THAT(client_.subscribe("complete", by_id(note)), IsEmpty());
  EXPECT_THAT(client_.subscribe("past", "{" + authors(alice_) + ",\"kinds\":[1],\"limit\":10,\"until\":1700000000}"),
              IsEmpty());
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
  keep(note);
  EXPECT_THAT(client_.heard("complete", note), ElementsAre(note.id));
  EXPECT_THAT(client_.all_so_far(), Not(Contains(StartsWith("[\"CLOSED\""))));
}

TEST_F(Nip01Subscription, LiveEventsAreHeldToAllOfTheFilterButItsLimit) {
  const UnixSeconds at = now();
  client_.subscribe("s", "{" + authors(alice_) + ",\"kinds\":[1],\"#t\":[\"a\"],\"since\":" + std::to_string(at - 10) +
                             ",\"until\":" + std::to_string(at + 10) + ",\"limit\":1}");
  const auto note = [&](Kind kind, UnixSeconds time, const char* tag) {
    return keep(alice_.event(kind, time, "x", {{"t", tag}, {"t"}}));
  };
  const Event first = note(1, at - 10, "a");
  note(7, at, "a");
  note(1, at, "b");
  note(1, at - 11, "a");
  note(1, at + 11, "a");
  keep(alice_.event(1, at, "x", {{"T", "a"}, {"t", "b", "a"}}));
  const Event second = note(1, at + 10, "a");
  EXPECT_THAT(client_.heard("s", second), ElementsAre(first.id, second.id));
}

TEST_F(Nip01Subscription, CloseEndsItAndIsNeverAnswered) {
  client_.subscribe("s", "{" + authors(alice_) + "}");
  client_.subscribe("t", "{" + authors(alice_) + "}");
  for (const char* name : {"s", "s", "unknown", "", "count1"}) client_.send("[\"CLOSE\"," + in_quotes(name) + "]");
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
  const Event live = keep(alice_.event(1, now(), "live"));
  EXPECT_THAT(client_.heard("t", live), ElementsAre(live.id));
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
}

TEST_F(Nip01Subscription, ARequestOfTheSameNameTakesItsPlace) {
  constexpr int kOld = 400;
  for (int i = 0; i < kOld; ++i)
    writer_.send("[\"EVENT\"," + test::to_json(alice_.event(1, now() - i, std::to_string(i))) + "]");
  for (int i = 0; i < kOld; ++i) EXPECT_THAT(writer_.wait_for("[\"OK\""), HasSubstr(",true,"));
  const Event of_bob = keep(bob_.event(1, now(), "new"));
  client_.send("[\"REQ\",\"s\",{" + authors(alice_) + "}]");
  client_.send("[\"REQ\",\"s\",{" + authors(bob_) + "}]");
  // Of the first there may be some; only when there was all of it may its EOSE be there.
  int of_first = 0;
  std::string message = client_.next();
  for (; message.find(of_bob.id.hex()) == std::string::npos; message = client_.next()) {
    ASSERT_FALSE(message.empty());
    if (message == R"(["EOSE","s"])") {
      EXPECT_EQ(of_first, kOld);
    }
    ++of_first;
  }
  EXPECT_EQ(client_.next(), R"(["EOSE","s"])");
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
  keep(alice_.event(1, now(), "no longer asked for"));
  const Event live = keep(bob_.event(1, now(), "live"));
  EXPECT_THAT(client_.heard("s", live), ElementsAre(live.id));
}

TEST_F(Nip01Subscription, NothingIsMissedOrDoubledBetweenStoredAndLive) {
  static std::uint64_t seed = 900'001;
  const auto notes = signed_notes(600, now() - 600, seed++);
  std::string author_list;
  std::set<PublicKey> known;
  for (const Event& note : notes) {
    if (known.insert(note.pubkey).second)
      author_list += (author_list.empty() ? "" : ",") + in_quotes(note.pubkey.hex());
  }
  const std::string filter = "{\"authors\":[" + author_list + "],\"limit\":1000}";
  for (std::size_t i = 0; i < notes.size(); ++i) {
    writer_.send("[\"EVENT\"," + test::to_json(notes[i]) + "]");
    if (i % 60 == 30) client_.send("[\"REQ\",\"s" + std::to_string(i / 60) + "\"," + filter + "]");
  }
  std::map<std::string, std::multiset<std::string>> seen;
  for (std::size_t left = 10 * notes.size(); left > 0;) {
    const std::string message = client_.next();
    ASSERT_FALSE(message.empty()) << left << " did not come";
    const auto parsed = parse_relay_message(message);
    ASSERT_TRUE(parsed);
    if (const auto* event = std::get_if<EventReply>(&parsed.value())) {
      seen[event->subscription].insert(event->event.id.hex());
      --left;
    }
  }
  for (const auto& [name, all] : seen) {
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), notes.size()) << name;
    EXPECT_EQ(all.size(), notes.size()) << name;
  }
}

TEST_F(Nip01Subscription, NamesAreAnyTextOfUpTo64Characters) {
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "\xf0\x9f\x98\x83";
  for (const std::string& name : {std::string("a"), longest, std::string(64, 'x'), std::string("<b>&amp;' ")}) {
    EXPECT_EQ(client_.ask("[\"REQ\"," + in_quotes(name) + ",{\"ids\":[]}]"), "[\"EOSE\"," + in_quotes(name) + "]");
    client_.send("[\"CLOSE\"," + in_quotes(name) + "]");
  }
  // Said back as it has to be in JSON, whichever way it was spelled.
  EXPECT_EQ(client_.ask(R"(["REQ","q\u0022\\\u000a\u0000\u001b\/",{"ids":[]}])"), R"(["EOSE","q\"\\\n\u0000\u001b/"])");
  EXPECT_THAT(client_.ask(R"(["REQ","q\"],[",{"ids":1}])"), StartsWith(R"(["CLOSED","q\"],[","invalid: )"));
  EXPECT_THAT(client_.ask("[\"REQ\"," + in_quotes(longest + "x") + ",{}]"), HasSubstr("\"invalid: "));
  for (const char* name : {"\"\"", "1", "null", "[]", "{}"}) {
    EXPECT_THAT(client_.ask("[\"REQ\"," + std::string(name) + ",{\"limit\":1}]"),
                StartsWith("[\"NOTICE\",\"invalid: "));
  }
}

TEST_F(Nip01Subscription, NamesAreOfTheirConnection) {
  NipClient other;
  client_.subscribe("same", "{" + authors(alice_) + "}");
  other.subscribe("same", "{" + authors(bob_) + "}");
  other.send("[\"CLOSE\",\"same\"]");
  EXPECT_THAT(other.all_so_far(), IsEmpty());
  const Event live = keep(alice_.event(1, now(), "live"));
  EXPECT_THAT(client_.heard("same", live), ElementsAre(live.id));
}

TEST_F(Nip01Subscription, AfterClosedTheNameIsFree) {
  client_.subscribe("s", "{" + authors(alice_) + "}");
  EXPECT_THAT(client_.ask(R"(["REQ","s",{"kinds":[-1]}])"), StartsWith(R"(["CLOSED","s","invalid: )"));
  keep(alice_.event(1, now(), "for nobody"));
  EXPECT_THAT(client_.subscribe("s", "{" + authors(bob_) + "}"), IsEmpty());
  const Event live = keep(bob_.event(1, now(), "live"));
  EXPECT_THAT(client_.heard("s", live), ElementsAre(live.id));
}

TEST_F(Nip01Subscription, ARequestWithoutAFilterIsRefused) {
  EXPECT_THAT(client_.ask(R"(["REQ","s"])"), StartsWith(R"(["CLOSED","s","invalid: )"));
}

TEST_F(Nip01Subscription, WhatIsNoMessageEarnsANoticeAndTheConnectionStays) {
  for (const char* text : {"",
                           "\n",
                           "hello",
                           "{}",
                           "\"\"",
                           "1",
                           "null",
                           "[]",
                           "[[]]",
                           "[1]",
                           "[null]",
                           "[\"REQ\",",
                           "[\"REQ\"]",
                           "[\"EVENT\"]",
                           "[\"EVENT\",1]",
                           "[\"EVENT\",{}]",
                           "[\"CLOSE\"]",
                           "[\"COUNT\"]",
                           "[\"AUTH\"]",
                           "[\"AUTH\",\"challenge\"]",
                           "[\"req\",\"s\",{}]",
                           "[\"NOPE\",1]",
                           "[\"REQ\",\"s\",{}] []",
                           "[\"REQ\",\"s\",{},]",
                           "\xef\xbb\xbf[\"REQ\",\"s\",{}]",
                           "[\"REQ\",\"s\",{\"limit\":NaN}]",
                           "['REQ','s',{}]",
                           "[\"CLOSE\",\"s\"]//"}) {
    EXPECT_THAT(client_.ask(text), StartsWith("[\"NOTICE\",\"")) << text;
  }
  std::string deep(100'000, '[');
  EXPECT_THAT(client_.ask(deep), StartsWith("[\"NOTICE\",\""));
  EXPECT_THAT(client_.query("{\"ids\":[]}"), IsEmpty());
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
}

TEST_F(Nip01Subscription, ThereIsOnePath) {
  for (const char* path : {"/relay", "/npub1", "//", "/index.html"}) {
    WsClient::Options options;
    options.path = path;
    EXPECT_THROW(WsClient(shared_relay().relay_address(), options), std::runtime_error) << path;
    EXPECT_EQ(http_get(shared_relay().relay_address(), path).status, 404U);
  }
}

TEST_F(Nip01Subscription, MessagesOfAConnectionAreDoneInTurn) {
  keep(alice_.event(1, now(), "x"));
  for (int i = 0; i < 50; ++i) {
    client_.send("[\"REQ\",\"s\",{" + authors(alice_) + "}]");
    client_.send("[\"CLOSE\",\"s\"]");
  }
  client_.all_so_far();
  keep(alice_.event(1, now(), "closed by now"));
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
}

}  // namespace
}  // namespace pharos::testing
