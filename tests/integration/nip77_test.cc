// NIP-77: sets are reconciled by the letter of the protocol, and show nothing that a REQ would not.

#include "nostr/sha256.h"
#include "support/nip_client.h"
#include "support/ok_matchers.h"
#include "util/bytes.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class Nip77 : public ::testing::Test {
 protected:
  Event keep(const Event& event) { return client_.keep(event); }
  std::string open(const std::string& message, const std::string& more = {}) {
    return client_.ask("[\"NEG-OPEN\",\"n\",{" + authors(alice_) + more + "}," + in_quotes(message) + "]");
  }
  static std::string answer(const std::string& message) { return "[\"NEG-MSG\",\"n\"," + in_quotes(message) + "]"; }

  NipClient client_;
  test::Person alice_ = somebody();
};

TEST_F(Nip77, AnEmptySetAndOneOfOneAreAnsweredByTheLetter) {
  EXPECT_EQ(open("6100000200"), answer("6100000200"));
  const Event note = keep(alice_.event(1, now() - 5, "x"));
  const std::string one = "6100000201" + note.id.hex();
  EXPECT_EQ(open("6100000200"), answer(one));
  // Lists are answered by lists; of fingerprints by those that are equal, not at all.
  EXPECT_EQ(open(one), answer(one));
  EXPECT_EQ(open("6100000201" + std::string(64, 'e')), answer(one));
  EXPECT_EQ(open("61000001" + std::string(32, '0')), answer(one));
  std::vector<std::uint8_t> sum(note.id.data.begin(), note.id.data.end());
  sum.push_back(1);  // of one
  EXPECT_EQ(open("61000001" + to_hex(sha256(sum)).substr(0, 32)), answer("61"));
  EXPECT_EQ(open("61"), answer("61"));
}

TEST_F(Nip77, AVersionThatIsNotOursIsAnsweredWithOurs) {
  EXPECT_EQ(open("62"), answer("61"));
  EXPECT_EQ(open("6000000200"), answer("61"));
}

TEST_F(Nip77, WhatIsNoMessageEndsTheSession) {
  for (const char* message : {"", "5f", "70", "610000", "61000003", "610000028fffffff7f", "61002100", "6100000201aa",
                              "61000001", "61ff", "618080808080808080808080808000"}) {
    EXPECT_THAT(open(message), StartsWith(R"(["NEG-ERR","n","invalid: )")) << message;
    EXPECT_THAT(client_.ask(R"(["NEG-MSG","n","61"])"), StartsWith(R"(["NEG-ERR","n","closed: )"));
  }
  for (const char* message : {"610", "6100000200z", "zz", "0x61"}) {
    EXPECT_THAT(open(message), StartsWith(R"(["NEG-ERR","n","invalid: )")) << message;
  }
  EXPECT_THAT(client_.ask(R"(["NEG-OPEN","n",{}])"), StartsWith(R"(["NEG-ERR","n","invalid: )"));
  EXPECT_THAT(client_.ask(R"(["NEG-OPEN","n",{"kinds":[-1]},"61"])"), StartsWith(R"(["NEG-ERR","n","invalid: )"));
  EXPECT_THAT(client_.ask(R"(["NEG-OPEN","n",{"x":1},"61"])"), StartsWith(R"(["NEG-ERR","n","unsupported: )"));
  EXPECT_THAT(client_.ask(R"(["NEG-OPEN"])"), StartsWith("[\"NOTICE\",\"invalid: "));
}

TEST_F(Nip77, SessionsAreOfTheirOwnNames) {
  const Event note = keep(alice_.event(1, now() - 5, "x"));
  client_.subscribe("n", "{" + authors(alice_) + "}");
  EXPECT_EQ(open("6100000200"), answer("6100000201" + note.id.hex()));
  // Opened anew it is another one; CLOSE is for subscriptions.
  EXPECT_EQ(open("6100000200", ",\"kinds\":[7]"), answer("6100000200"));
  client_.send(R"(["NEG-CLOSE","n"])");
  client_.send(R"(["NEG-CLOSE","n"])");
  client_.send(R"(["NEG-CLOSE","unknown"])");
  const Event live = keep(alice_.event(1, now(), "live"));
  EXPECT_THAT(client_.heard("n", live), ElementsAre(live.id));
  EXPECT_THAT(client_.all_so_far(), IsEmpty());
  EXPECT_THAT(client_.ask(R"(["NEG-MSG","n","61"])"), StartsWith(R"(["NEG-ERR","n","closed: )"));
}

TEST_F(Nip77, ManyAreFoundOverSeveralMessages) {
  std::vector<EventId> published;
  for (int i = 0; i < 300; ++i) {
    const Event note = alice_.event(1, now() - i / 3, std::to_string(i));
    client_.send("[\"EVENT\"," + test::to_json(note) + "]");
    published.push_back(note.id);
  }
  for (int i = 0; i < 300; ++i) EXPECT_THAT(client_.wait_for("[\"OK\""), HasSubstr(",true,"));
  EXPECT_THAT(client_.negotiate("{" + authors(alice_) + "}"), ::testing::UnorderedElementsAreArray(published));
  // Sixteen fingerprints, over all that there is.
  const std::string split = open("61000001" + std::string(32, '0'));
  EXPECT_THAT(split, StartsWith(R"(["NEG-MSG","n","61)"));
  EXPECT_GT(split.size(), 16 * 32U);
  EXPECT_LT(split.size(), 16 * 32U + 600U);
}

TEST_F(Nip77, ALimitMeansTheNewest) {
  keep(alice_.event(1, now() - 30, "oldest"));
  const Event second = keep(alice_.event(1, now() - 20, "second"));
  const Event newest = keep(alice_.event(1, now() - 10, "newest"));
  EXPECT_THAT(client_.negotiate("{" + authors(alice_) + ",\"limit\":2}"), UnorderedElementsAre(newest.id, second.id));
}

TEST_F(Nip77, AListOfFiltersIsTakenToo) {
  const Event note = keep(alice_.event(1, now(), "x"));
  const Event reaction = keep(alice_.event(7, now(), "+"));
  keep(alice_.event(6, now(), ""));
  EXPECT_THAT(client_.negotiate("[{" + authors(alice_) + ",\"kinds\":[1]},{" + authors(alice_) + ",\"kinds\":[1,7]}]"),
              UnorderedElementsAre(note.id, reaction.id));
}

TEST_F(Nip77, WhatIsGoneIsInNoSet) {
  const Event kept = keep(alice_.event(1, now() - 40, "x"));
  const Event deleted = keep(alice_.event(1, now() - 30, "x"));
  keep(alice_.event(0, now() - 30, "older"));
  const Event profile = keep(alice_.event(0, now() - 20, "newer"));
  const Event request = keep(alice_.event(5, now() - 10, "", {{"e", deleted.id.hex()}}));
  EXPECT_THAT(client_.negotiate("{" + authors(alice_) + "}"), UnorderedElementsAre(kept.id, profile.id, request.id));
}

// For the set of everything sums are kept, which go another way than other sets.
TEST_F(Nip77, TheSetOfEverythingShowsNoMoreThanOthers) {
  PharosInstance relay;
  ASSERT_TRUE(relay.start()) << relay.log();
  NipClient client(relay);
  test::Person bob = somebody();
  const Event note = alice_.event(1, now() - 30, "x");
  const Event deleted = alice_.event(1, now() - 30, "x", {{"t", "x"}});
  const Event secret = alice_.event(4, now() - 20, "x", {{"p", bob.hex()}});
  const Event wrap = alice_.event(1059, now() - 20, "x", {{"p", bob.hex()}});
  const Event request = alice_.event(5, now() - 10, "", {{"e", deleted.id.hex()}});
  for (const Event& event : {note, deleted, secret, wrap, request}) EXPECT_THAT(client.publish(event), IsTaken());
  EXPECT_THAT(client.negotiate("{}"), UnorderedElementsAre(note.id, request.id));
  EXPECT_THAT(client.authenticate(bob), IsTaken());
  EXPECT_THAT(client.negotiate("{}"), UnorderedElementsAre(note.id, request.id, secret.id, wrap.id));
}

TEST_F(Nip77, ASetThatIsTooBigIsRefusedWithTheMost) {
  PharosInstance relay("max_negentropy_records = 2\nmax_negentropy_sessions = 2\nnegentropy_idle_timeout = \"5s\"");
  ASSERT_TRUE(relay.start()) << relay.log();
  NipClient client(relay);
  EXPECT_THAT(client.publish(alice_.event(1, now() - 1, "1")), IsTaken());
  EXPECT_THAT(client.publish(alice_.event(1, now() - 2, "2")), IsTaken());
  const std::string filter = "{" + authors(alice_) + ",\"kinds\":[1]}";
  EXPECT_THAT(client.negotiate(filter), SizeIs(2));
  EXPECT_THAT(client.publish(alice_.event(1, now() - 3, "3")), IsTaken());
  const std::string refused = client.ask("[\"NEG-OPEN\",\"n\"," + filter + ",\"6100000200\"]");
  EXPECT_THAT(refused, StartsWith(R"(["NEG-ERR","n","blocked: )"));
  EXPECT_THAT(refused, ::testing::EndsWith("\",2]"));

  for (const char* name : {"a", "b"}) {
    EXPECT_THAT(client.ask("[\"NEG-OPEN\"," + in_quotes(name) + ",{\"kinds\":[7]},\"6100000200\"]"),
                HasSubstr("NEG-MSG"));
  }
  EXPECT_THAT(client.ask(R"(["NEG-OPEN","c",{"kinds":[7]},"6100000200"])"), StartsWith(R"(["NEG-ERR","c",)"));
  // Left alone they end, and say so.
  EXPECT_THAT(client.wait_for(R"(["NEG-ERR","a",)"), StartsWith(R"(["NEG-ERR","a","closed: )"));
  EXPECT_THAT(client.wait_for(R"(["NEG-ERR","b",)"), StartsWith(R"(["NEG-ERR","b","closed: )"));
}

}  // namespace
}  // namespace pharos::testing
