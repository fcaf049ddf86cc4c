// What an operator is told of a filter that is none.

#include "app/filter_text.h"

#include <gmock/gmock.h>

#include "nostr/nip19.h"
#include "support/event_builder.h"

namespace pharos::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string fault(std::string_view text) {
  const auto filter = read_filter(text);
  return filter ? "" : filter.error();
}

TEST(FilterText, AFilterIsReadAsTheRelayReadsIt) {
  const auto filter = read_filter(R"({"kinds":[1,7],"since":5})");
  ASSERT_TRUE(filter.has_value());
  EXPECT_EQ(filter.value().since, 5);
}

TEST(FilterText, TheFaultNamesThePlace) {
  EXPECT_EQ(fault(R"({"kinds":[1,-1]})"), "kinds, value 2 (-1): wants a list of kinds, integers from 0 on");
  EXPECT_EQ(fault(R"({"kinds":1})"), "kinds: wants a list of kinds, integers from 0 on");
  EXPECT_EQ(fault(R"({"kinds":[[1]]})"), "kinds, value 1: wants a list of kinds, integers from 0 on");
  EXPECT_EQ(fault(R"({"kinds":[1],"since":"now"})"), "since: wants unix seconds, an integer from 0 on");
  EXPECT_EQ(fault(R"({"#t":["a",1]})"), "#t, value 2 (1): wants a list of texts");
  EXPECT_EQ(fault(R"({"limit":{}})"), "limit: wants an integer from 0 on");
  EXPECT_EQ(fault(R"({"search":1})"), "search: wants a text of at most 1024 bytes and 32 words");
  EXPECT_EQ(fault(R"({"kind":[1]})"), "kind: a filter has no such field, did you mean kinds?");
  EXPECT_EQ(fault(R"({"#long":["a"]})"), "#long: a filter has no such field");
  EXPECT_EQ(fault(R"({"kinds":[1],"kinds":[2]})"), "kinds: stands there twice");
  EXPECT_THAT(fault("[]"), HasSubstr("JSON object"));
  EXPECT_THAT(fault(" "), HasSubstr("empty"));
}

TEST(FilterText, WhatIsNoJsonIsToldInOneLineWithItsSurroundings) {
  const std::string told = fault("{\n  \"kinds\": [1]\n  \"since\": 5\n}");
  EXPECT_THAT(told, StartsWith("no JSON, at byte 20, near "));
  EXPECT_THAT(told, Not(HasSubstr("\n")));
}

TEST(FilterText, KeysAndIdsOfNip19AreToldInHex) {
  const test::Person alice(1);
  EXPECT_EQ(fault("{\"authors\":[\"" + encode_npub(alice.key()) + "\"]}"),
            "authors, value 1 (\"" + encode_npub(alice.key()) +
                "\"): wants a list of public keys, 64 lower-case hex digits each; that key is " + alice.hex());
}

}  // namespace
}  // namespace pharos::app
