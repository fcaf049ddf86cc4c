#include <gmock/gmock.h>

#include "nostr/message.h"
#include "support/event_factory.h"

namespace pharos {
namespace {

template <class Append, class... Arguments>
std::string written(const Append& append, const Arguments&... arguments) {
  std::string out;
  append(out, arguments...);
  return out;
}

TEST(MessageWrite, EscapesWhatPeersChose) {
  EXPECT_EQ(written(append_closed, "a\"]\n", "error: \x1b[0m"), R"(["CLOSED","a\"]\n","error: \u001b[0m"])");
  EXPECT_EQ(written(append_eose, "\\", false), R"(["EOSE","\\"])");
  EXPECT_EQ(written(append_eose, "\\", true), R"(["EOSE","\\",["finish"]])");
  EXPECT_EQ(written(append_count, "\"", 5U, false, nullptr), R"(["COUNT","\"",{"count":5}])");
  EXPECT_EQ(written(append_count, "c", 5U, true, nullptr), R"(["COUNT","c",{"count":5,"approximate":true}])");
  EXPECT_EQ(written(append_notice, "\""), R"(["NOTICE","\""])");
  EXPECT_EQ(written(append_auth_challenge, "c\t"), R"(["AUTH","c\t"])");
  EXPECT_EQ(written(append_event_prefix, "s\""), R"(["EVENT","s\"",)");
  EXPECT_EQ(written(append_close, "s\""), R"(["CLOSE","s\""])");
  EXPECT_EQ(written(append_ok, "ab", false, "invalid: \"x\""), R"(["OK","ab",false,"invalid: \"x\""])");
  EXPECT_EQ(written(append_ok, "ab", true, ""), R"(["OK","ab",true,""])");
}

TEST(MessageWrite, Nip77WritesNegentropyInHex) {
  Filter filter;
  filter.kinds = {1};
  EXPECT_EQ(written(append_neg_open, "n", filter, "\x61\xff"), R"(["NEG-OPEN","n",{"kinds":[1]},"61ff"])");
  EXPECT_EQ(written(append_neg_message, "n", "\x61"), R"(["NEG-MSG","n","61"])");
  EXPECT_EQ(written(append_neg_close, "n"), R"(["NEG-CLOSE","n"])");
  EXPECT_EQ(written(append_neg_err, "n", "closed: x", 0U), R"(["NEG-ERR","n","closed: x"])");
  EXPECT_EQ(written(append_neg_err, "n", "blocked: x", 500U), R"(["NEG-ERR","n","blocked: x",500])");
}

TEST(MessageWrite, WritesWhatTheOtherSideReads) {
  const Event event = test::signed_event({.tags = {{"d", "\""}}});
  const MessageLimits limits;
  const auto published = parse_client_message(written(append_event_command, event), limits);
  ASSERT_TRUE(published);
  EXPECT_EQ(std::get<EventCommand>(published.value()).event, event);
  const auto authenticated = parse_client_message(written(append_auth_command, event), limits);
  ASSERT_TRUE(authenticated);
  EXPECT_EQ(std::get<AuthCommand>(authenticated.value()).event, event);

  Filter filter;
  filter.kinds = {1, 30023};
  filter.tags = {{.name = 't', .values = {"a", "\u00e9"}}};
  const auto asked = parse_client_message(written(append_req, "s\n", std::vector<Filter>{filter, Filter{}}), limits);
  ASSERT_TRUE(asked);
  const auto& req = std::get<ReqCommand>(asked.value());
  EXPECT_EQ(req.subscription, "s\n");
  ASSERT_EQ(req.filters.size(), 2U);
  EXPECT_EQ(req.filters[0].kinds, filter.kinds);
  EXPECT_EQ(req.filters[0].tags[0].values, filter.tags[0].values);
}

}  // namespace
}  // namespace pharos
