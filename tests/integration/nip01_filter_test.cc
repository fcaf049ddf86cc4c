// NIP-01: what a filter finds, in which order, and which filters are none.

#include <gmock/gmock.h>

#include "support/nip_client.h"

namespace pharos::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class Nip01Filter : public ::testing::Test {
 protected:
  Event keep(const Event& event) { return client_.keep(event); }
  // Stored events of what is in the braces, in the order of arrival.
  std::vector<EventId> found(const std::string& fields) { return ids(client_.query("{" + fields + "}")); }
  std::string of_alice(const std::string& fields) { return authors(alice_) + "," + fields; }
  // What a REQ with that filter is refused with; "" when it is not.
  std::string refusal(const std::string& filter) {
    std::string closed;
    client_.query(filter, &closed);
    constexpr std::string_view kBegin = R"(["CLOSED","query)";
    if (!closed.starts_with(kBegin)) return closed;
    return closed.substr(closed.find(',', kBegin.size()) + 2);
  }

  NipClient client_;
  test::Person alice_ = somebody();
  test::Person bob_ = somebody();
  const UnixSeconds now_ = now();
};

TEST_F(Nip01Filter, FindsByIdAuthorKindAndTags) {
  const std::string own = alice_.hex().substr(0, 16);
  const Event note = keep(alice_.event(1, now_ - 40, "note", {{"t", own}, {"p", bob_.hex()}}));
  const Event job = keep(alice_.event(9999, now_ - 30, "job", {{"k", own}, {"n", "approved" + own}}));
  const Event other_job = keep(alice_.event(9999, now_ - 20, "job", {{"n", "approved" + own}}));
  const Event of_bob = keep(bob_.event(1, now_ - 10, "note", {{"n", "approved" + own}}));

  EXPECT_THAT(found("\"ids\":[" + in_quotes(of_bob.id.hex()) + "," + in_quotes(note.id.hex()) + "]"),
              ElementsAre(of_bob.id, note.id));
  EXPECT_THAT(found(authors(alice_)), ElementsAre(other_job.id, job.id, note.id));
  EXPECT_THAT(found("\"authors\":[" + in_quotes(alice_.hex()) + "," + in_quotes(bob_.hex()) + "],\"kinds\":[1,3]"),
              ElementsAre(of_bob.id, note.id));
  EXPECT_THAT(found(of_alice("\"#p\":[" + in_quotes(bob_.hex()) + "]")), ElementsAre(note.id));
  EXPECT_THAT(found("\"kinds\":[1,9999,3],\"#n\":[" + in_quotes("approved" + own) + "]"),
              ElementsAre(of_bob.id, other_job.id, job.id));
  EXPECT_THAT(found("\"#k\":[" + in_quotes(own) + "]"), ElementsAre(job.id));
  EXPECT_THAT(found(of_alice("\"kinds\":[9999],\"#k\":[" + in_quotes(own) + "],\"#n\":[" + in_quotes("approved" + own) +
                             "],\"limit\":20")),
              ElementsAre(job.id));
  const std::string times = "\"since\":" + std::to_string(now_ - 40) + ",\"until\":" + std::to_string(now_ - 10);
  EXPECT_THAT(found(times + ",\"limit\":1000"), AllOf(Contains(note.id), Contains(job.id), Contains(of_bob.id)));
}

TEST_F(Nip01Filter, TheNewestComeFirstAndOfOneSecondTheLowestIds) {
  std::vector<Event> events;
  for (int i = 0; i < 30; ++i) {
    events.push_back(
        keep(alice_.event(static_cast<Kind>(1001 + i % 3), now_ - i * 7 % 5, std::to_string(i), {{"t", "tie"}})));
  }
  std::ranges::sort(events, [](const Event& a, const Event& b) {
    return a.created_at != b.created_at ? a.created_at > b.created_at : a.id < b.id;
  });
  const std::vector<EventId> sorted = ids(events);
  std::string all_ids;
  for (const EventId& id : sorted) all_ids = in_quotes(id.hex()) + (all_ids.empty() ? "" : ",") + all_ids;
  EXPECT_EQ(found(authors(alice_)), sorted);
  EXPECT_EQ(found("\"ids\":[" + all_ids + "]"), sorted);
  EXPECT_EQ(found(of_alice("\"kinds\":[1003,1002,1001]")), sorted);
  EXPECT_EQ(found(of_alice("\"#t\":[\"tie\"]")), sorted);
  for (const std::size_t limit : {1U, 4U, 7U, 29U}) {
    EXPECT_EQ(found(of_alice("\"limit\":" + std::to_string(limit))),
              std::vector<EventId>(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(limit)));
  }
}

TEST_F(Nip01Filter, ALimitGivesTheNewestOverAllValues) {
  const std::string own = alice_.hex().substr(0, 16);
  const Event first = keep(alice_.event(1, now_ - 2'400, "first", {{"t", own + "a"}}));
  const Event third = keep(alice_.event(7, now_ - 3'000, "third", {{"t", own + "a"}}));
  const Event second = keep(alice_.event(7, now_ - 2'700, "second", {{"t", own + "b"}}));
  keep(alice_.event(1, now_ - 3'300, "fourth", {{"t", own + "b"}}));
  const std::string tags = "\"#t\":[" + in_quotes(own + "a") + "," + in_quotes(own + "b") + R"(],"kinds":[1,7])";
  EXPECT_THAT(found(of_alice(tags + ",\"limit\":2")), ElementsAre(first.id, second.id));
  EXPECT_THAT(found(tags + ",\"limit\":3"), ElementsAre(first.id, second.id, third.id));
  EXPECT_THAT(found("\"authors\":[" + in_quotes(bob_.hex()) + "," + in_quotes(alice_.hex()) + "],\"limit\":2"),
              ElementsAre(first.id, second.id));
}

TEST_F(Nip01Filter, EachFilterHasItsLimitAndAnEventIsSentOnce) {
  const Event a = keep(alice_.event(1, now_ - 3, "a", {{"t", "both"}}));
  const Event b = keep(alice_.event(1, now_ - 2, "b", {{"t", "both"}}));
  const Event c = keep(alice_.event(7, now_ - 1, "c", {{"t", "both"}}));
  const std::string both = of_alice(R"("#t":["both"])");
  EXPECT_THAT(ids(client_.query("{" + both + "},{" + both + ",\"kinds\":[1]},{" + authors(alice_) + "}")),
              UnorderedElementsAre(a.id, b.id, c.id));
  EXPECT_THAT(ids(client_.query("{" + both + ",\"kinds\":[1],\"limit\":1},{" + both + ",\"kinds\":[7],\"limit\":1}")),
              UnorderedElementsAre(b.id, c.id));
}

TEST_F(Nip01Filter, SinceAndUntilAreInclusive) {
  const Event job = keep(alice_.event(5000, now_ - 10, "job"));
  const auto at = [&](const std::string& field, UnixSeconds time) {
    return found(of_alice("\"kinds\":[5000],\"" + field + "\":" + std::to_string(time))).size();
  };
  EXPECT_EQ(at("since", now_ - 10), 1U);
  EXPECT_EQ(at("since", now_ - 9), 0U);
  EXPECT_EQ(at("until", now_ - 10), 1U);
  EXPECT_EQ(at("until", now_ - 11), 0U);
  const std::string second = std::to_string(now_ - 10);
  EXPECT_THAT(found(of_alice("\"since\":" + second + ",\"until\":" + second)), ElementsAre(job.id));
}

TEST_F(Nip01Filter, ALimitOfZeroGivesNothingStored) {
  keep(alice_.event(1, now_, "stored"));
  NipClient listener;
  EXPECT_THAT(listener.subscribe("live", "{" + authors(alice_) + ",\"limit\":0}"), IsEmpty());
  const Event later = keep(alice_.event(1, now_, "later"));
  EXPECT_THAT(listener.heard("live", later), ElementsAre(later.id));
}

TEST_F(Nip01Filter, TagConditionsTestTheFirstValueAndTheCaseOfTheLetter) {
  const Event note =
      keep(alice_.event(1, now_, "x", {{"r", "first", "second"}, {"R", "large"}, {"r", "third"}, {"t"}}));
  EXPECT_THAT(found(of_alice(R"("#r":["first"])")), ElementsAre(note.id));
  EXPECT_THAT(found(of_alice(R"("#r":["none","third"])")), ElementsAre(note.id));
  EXPECT_THAT(found(of_alice(R"("#R":["large"])")), ElementsAre(note.id));
  EXPECT_THAT(found(of_alice(R"("#r":["second"])")), IsEmpty());
  EXPECT_THAT(found(of_alice(R"("#r":["large"])")), IsEmpty());
  EXPECT_THAT(found(of_alice(R"("#r":["FIRST"])")), IsEmpty());
  EXPECT_THAT(found(of_alice(R"("#r":["fir"])")), IsEmpty());
  EXPECT_THAT(found(of_alice(R"("#t":[""])")), IsEmpty());
  EXPECT_THAT(found(of_alice(R"("#r":["first"],"#R":["small"])")), IsEmpty());
}

TEST_F(Nip01Filter, LongAndOddTagValuesAreFoundWhole) {
  const std::string shared = alice_.hex() + std::string(600, 'v');
  const Event one = keep(alice_.event(1, now_ - 1, "1", {{"r", shared + "1"}, {"t", std::string("a\0b", 3)}}));
  const Event two = keep(alice_.event(1, now_, "2", {{"r", shared + "2"}, {"t", "a"}}));
  EXPECT_THAT(found("\"#r\":[" + in_quotes(shared + "1") + "]"), ElementsAre(one.id));
  EXPECT_THAT(found("\"#r\":[" + in_quotes(shared + "2") + "]"), ElementsAre(two.id));
  EXPECT_THAT(found("\"#r\":[" + in_quotes(shared) + "]"), IsEmpty());
  EXPECT_THAT(found(of_alice(R"("#t":["a\u0000b"])")), ElementsAre(one.id));
  EXPECT_THAT(found(of_alice(R"("#t":["a"])")), ElementsAre(two.id));
}

TEST_F(Nip01Filter, AnEmptyListMatchesNothing) {
  keep(alice_.event(1, now_, "x", {{"t", "a"}}));
  for (const char* list : {"\"ids\":[]", "\"kinds\":[]", "\"#t\":[]", "\"#e\":[]"}) {
    EXPECT_THAT(found(of_alice(list)), IsEmpty()) << list;
    EXPECT_EQ(refusal("{" + of_alice(list) + "}"), "") << list;
  }
  EXPECT_THAT(found("\"authors\":[]"), IsEmpty());
}

// Clients keep a connection alive by asking for kinds that cannot be, and take CLOSED for a relay that is gone.
TEST_F(Nip01Filter, WhatNoEventCanHaveMatchesNothingAndIsNoFault) {
  const Event note = keep(alice_.event(1, now_, "x"));
  for (const char* fields :
       {"\"kinds\":[99999]", "\"kinds\":[65536,70000]", "\"kinds\":[18446744073709551615]",
        "\"since\":18446744073709551615", "\"since\":9007199254740993", "\"since\":20,\"until\":10"}) {
    std::string closed;
    EXPECT_THAT(client_.query("{" + of_alice(fields) + "}", &closed), IsEmpty()) << fields;
    EXPECT_EQ(closed, "") << fields;
  }
  EXPECT_THAT(found(of_alice("\"kinds\":[1,99999]")), ElementsAre(note.id));
  EXPECT_THAT(found(of_alice("\"until\":18446744073709551615,\"limit\":18446744073709551615")), ElementsAre(note.id));
}

TEST_F(Nip01Filter, IdsAndKeysAreNoPrefixes) {
  keep(alice_.event(1, now_, "x"));
  for (const char* field : {"ids", "authors", "#e", "#p"}) {
    for (const std::string& value : {alice_.hex().substr(0, 8), alice_.hex() + "00", upper_case(alice_.hex()),
                                     std::string("npub1x"), std::string()}) {
      EXPECT_THAT(refusal("{\"" + std::string(field) + "\":[" + in_quotes(value) + "]}"), StartsWith("invalid: "))
          << field;
    }
  }
}

TEST_F(Nip01Filter, FiltersThatAreNoneAreRefused) {
  for (const char* filter : {"1",
                             "null",
                             "\"{}\"",
                             "[]",
                             R"({"ids":"x"})",
                             R"({"ids":null})",
                             R"({"ids":[1]})",
                             R"({"ids":{}})",
                             R"({"kinds":["1"]})",
                             R"({"kinds":[-1]})",
                             R"({"kinds":[1.5]})",
                             R"({"kinds":[true]})",
                             R"({"kinds":1})",
                             R"({"authors":[null]})",
                             R"({"since":-1})",
                             R"({"since":1.5})",
                             R"({"since":"1"})",
                             R"({"since":null})",
                             R"({"until":-200})",
                             R"({"until":[]})",
                             R"({"limit":-1})",
                             R"({"limit":1.5})",
                             R"({"limit":"5"})",
                             R"({"limit":null})",
                             R"({"#t":"a"})",
                             R"({"#t":[1]})",
                             R"({"#t":[null]})",
                             R"({"#t":null})",
                             R"({"search":1})",
                             R"({"kinds":[1],"kinds":[2]})"}) {
    EXPECT_THAT(refusal(filter), StartsWith("invalid: ")) << filter;
  }
  // Left out, such a condition would give what nobody asked for.
  for (const char* filter : {R"({"#tt":["a"]})", R"({"#":["a"]})", R"({"#1":["a"]})", R"({"&t":["a"]})",
                             R"({"tags":[]})", R"({"kind":[1]})", R"({"IDs":[]})", R"({"content":"a"})"}) {
    EXPECT_THAT(refusal(filter), StartsWith("unsupported: ")) << filter;
  }
  EXPECT_EQ(refusal("{\"limit\":0}"), "");
}

TEST_F(Nip01Filter, OneBadFilterRefusesAllOfTheRequest) {
  keep(alice_.event(1, now_, "x"));
  std::string closed;
  EXPECT_THAT(client_.query("{" + authors(alice_) + R"(},{"kinds":[-1]})", &closed), IsEmpty());
  EXPECT_THAT(closed, HasSubstr("\"invalid: "));
}

}  // namespace
}  // namespace pharos::testing
