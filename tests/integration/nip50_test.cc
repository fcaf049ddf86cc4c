// NIP-50: searches on their way through filters, counts and live streams; what is found how: search_test.cc.

#include "support/nip_client.h"
#include "support/ok_matchers.h"

namespace pharos::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Nip50 : public ::testing::Test {
 protected:
  Event keep(const Event& event) { return client_.keep(event); }
  // What the search finds among what alice wrote.
  std::vector<EventId> found(const std::string& text, const std::string& more = {}) {
    return ids(client_.query("{\"search\":" + in_quotes(text) + "," + authors(alice_) + more + "}"));
  }

  NipClient client_;
  test::Person alice_ = somebody();
  const UnixSeconds now_ = now();
};

TEST_F(Nip50, TheOtherFieldsHoldToo) {
  const Event note = keep(alice_.event(1, now_ - 100, "quokka", {{"t", "q"}}));
  const Event article = keep(alice_.event(30023, now_ - 50, "quokka", {{"d", "q"}}));
  test::Person bob = somebody();
  keep(bob.event(1, now_, "quokka"));
  EXPECT_THAT(found("quokka"), SizeIs(2));
  EXPECT_THAT(found("quokka", ",\"kinds\":[1]"), ElementsAre(note.id));
  EXPECT_THAT(found("quokka", ",\"#t\":[\"q\"]"), ElementsAre(note.id));
  EXPECT_THAT(found("quokka", ",\"since\":" + std::to_string(now_ - 60)), ElementsAre(article.id));
  EXPECT_THAT(found("quokka", ",\"kinds\":[7]"), IsEmpty());
  EXPECT_THAT(found("wombat"), IsEmpty());
}

TEST_F(Nip50, ExtensionsThatAreNotKnownAreIgnored) {
  const Event note = keep(alice_.event(1, now_, "numbat on the rocks"));
  EXPECT_THAT(found("numbat include:spam domain:example.com language:en sentiment:neutral nsfw:false"),
              ElementsAre(note.id));
}

TEST_F(Nip50, CountsAndLimitsFollow) {
  for (int i = 0; i < 4; ++i) keep(alice_.event(1, now_ - i, "bilby number " + std::to_string(i)));
  EXPECT_THAT(found("bilby", ",\"limit\":2"), SizeIs(2));
  EXPECT_THAT(client_.count("{\"search\":\"bilby\"," + authors(alice_) + "}"), HasSubstr("\"count\":4"));
  EXPECT_THAT(client_.negotiate("{\"search\":\"bilby\"," + authors(alice_) + "}"), SizeIs(4));
}

TEST_F(Nip50, ASearchGoesOnLive) {
  NipClient listener;
  listener.subscribe("live", "{\"search\":\"dunnart\"," + authors(alice_) + "}");
  keep(alice_.event(1, now_, "something else"));
  const Event note = keep(alice_.event(1, now_, "a Dunnart!"));
  EXPECT_THAT(listener.heard("live", note), ElementsAre(note.id));
}

TEST_F(Nip50, WhatIsNoTextIsRefused) {
  for (const char* search : {"1", "null", "[]", "{}", "[\"x\"]"}) {
    EXPECT_THAT(client_.ask("[\"REQ\",\"s\",{\"search\":" + std::string(search) + "}]"),
                StartsWith(R"(["CLOSED","s","invalid: )"));
  }
}

}  // namespace
}  // namespace pharos::testing
