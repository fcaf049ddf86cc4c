#include <gmock/gmock.h>

#include "nostr/message.h"
#include "support/event_factory.h"

namespace pharos {
namespace {

using ::testing::StartsWith;

const MessageLimits kLimits;

std::string json_of(const Event& event) {
  std::string out;
  append_event_json(out, event);
  return out;
}

template <class Command>
Command parsed(std::string_view text) {
  Result<ClientMessage, ClientMessageError> message = parse_client_message(text, kLimits);
  if (!message) {
    ADD_FAILURE() << text << ": " << message.error().reason;
    return {};
  }
  if (!std::holds_alternative<Command>(message.value())) {
    ADD_FAILURE() << text << ": another command";
    return {};
  }
  return std::get<Command>(std::move(message).value());
}

ClientMessageError refused(std::string_view text, const MessageLimits& limits = kLimits) {
  const Result<ClientMessage, ClientMessageError> message = parse_client_message(text, limits);
  if (!message) {
    const std::string& reason = message.error().reason;
    EXPECT_TRUE(reason.starts_with("invalid: ") || reason.starts_with("unsupported: ")) << reason;
    return message.error();
  }
  ADD_FAILURE() << text << " was taken";
  return {};
}

void expect_notice(std::string_view text) {
  const ClientMessageError error = refused(text);
  EXPECT_EQ(error.refusal, Refusal::notice) << text;
  EXPECT_EQ(error.subject, "") << text;
}

void expect_closed(std::string_view text, std::string_view subscription, const char* prefix = "invalid: ") {
  const ClientMessageError error = refused(text);
  EXPECT_EQ(error.refusal, Refusal::closed) << text << ": " << error.reason;
  EXPECT_EQ(error.subject, subscription) << text;
  EXPECT_THAT(error.reason, StartsWith(prefix)) << text;
}

TEST(ClientMessage, ReadsEventsAndAuth) {
  const Event event = test::signed_event({.content = "a\n", .tags = {{"e", "x"}, {}}});
  EXPECT_EQ(parsed<EventCommand>("[\"EVENT\"," + json_of(event) + "]").event, event);
  EXPECT_EQ(parsed<AuthCommand>(" [ \"AUTH\" , " + json_of(event) + " ] \n").event, event);
}

TEST(ClientMessage, ReadsRequestsAndCounts) {
  const auto req = parsed<ReqCommand>(R"(["REQ","s:1",{"kinds":[1]},{"limit":0}])");
  EXPECT_EQ(req.subscription, "s:1");
  ASSERT_EQ(req.filters.size(), 2U);
  EXPECT_EQ(req.filters[1].limit, 0U);
  EXPECT_EQ(req.filters[1].kinds, std::nullopt);
  EXPECT_EQ(parsed<CountCommand>(R"(["COUNT","c",{}])").filters.size(), 1U);
}

TEST(ClientMessage, ReadsClose) { EXPECT_EQ(parsed<CloseCommand>(R"(["CLOSE","s"])").subscription, "s"); }

TEST(ClientMessage, Nip77ReadsNegentropy) {
  const auto open = parsed<NegOpenCommand>(R"(["NEG-OPEN","n",{"kinds":[1]},"6100000200"])");
  EXPECT_EQ(open.subscription, "n");
  ASSERT_EQ(open.filters.size(), 1U);
  EXPECT_EQ(open.filters[0].kinds, std::vector<Kind>{1});
  EXPECT_EQ(open.message, std::string("\x61\0\0\2\0", 5));
  const auto message = parsed<NegMessageCommand>(R"(["NEG-MSG","n","61ff"])");
  EXPECT_EQ(message.subscription, "n");
  EXPECT_EQ(message.message, "\x61\xff");
  EXPECT_EQ(parsed<NegCloseCommand>(R"(["NEG-CLOSE","n"])").subscription, "n");
}

TEST(ClientMessage, Nip77TakesAnArrayOfFiltersToo) {
  const auto open = parsed<NegOpenCommand>(R"(["NEG-OPEN","n",[{"kinds":[1],"#t":["x"]},{"kinds":[7]}],"61"])");
  ASSERT_EQ(open.filters.size(), 2U);
  EXPECT_EQ(open.filters[0].tags.size(), 1U);
  EXPECT_EQ(open.filters[1].kinds, std::vector<Kind>{7});
  EXPECT_EQ(open.message, "\x61");
}

TEST(ClientMessage, Nip77RefusesWhatIsNoNegentropy) {
  std::string many = "[{}";
  for (std::size_t i = 0; i < kLimits.max_filters; ++i) many += ",{}";
  many += "]";
  for (const std::string& filter :
       {std::string("[]"), std::string("[1]"), std::string("[[{}]]"), std::string("[{},\"x\"]"), std::string("1"),
        std::string("{\"kinds\":[\"1\"]}"), std::string("[{\"ids\":[\"abc\"]}]"), many}) {
    const ClientMessageError error = refused("[\"NEG-OPEN\",\"n\"," + filter + ",\"61\"]");
    EXPECT_EQ(error.refusal, Refusal::neg_err) << filter;
    EXPECT_EQ(error.subject, "n") << filter;
    EXPECT_THAT(error.reason, StartsWith("invalid: ")) << filter;
  }
  for (const char* text :
       {R"(["NEG-OPEN","n",{}])", R"(["NEG-OPEN","n",{},61])", R"(["NEG-OPEN","n",{},"6"])",
        R"(["NEG-OPEN","n",{},"6G"])", R"(["NEG-OPEN","n",{},"AB"])", R"(["NEG-OPEN","n"])", R"(["NEG-MSG","n"])",
        R"(["NEG-MSG","n","xy"])", R"(["NEG-MSG","n",{}])", R"(["NEG-OPEN","n",{"#t":["\ud800"]},"61"])"}) {
    const ClientMessageError error = refused(text);
    EXPECT_EQ(error.refusal, Refusal::neg_err) << text;
    EXPECT_THAT(error.reason, StartsWith("invalid: ")) << text;
  }
  EXPECT_THAT(refused(R"(["NEG-OPEN","n",{"foo":1},"61"])").reason, StartsWith("unsupported: "));
  const std::string too_long(65, 'x');
  EXPECT_EQ(refused("[\"NEG-OPEN\",\"" + too_long + "\",{},\"61\"]").subject, too_long);
  expect_notice(R"(["NEG-OPEN","",{},"61"])");
  expect_notice(R"(["NEG-MSG",1,"61"])");
}

TEST(ClientMessage, ClosingAnIdThatNoSubscriptionCanHaveIsNoFault) {
  const std::string too_long(65, 'x');
  EXPECT_EQ(parsed<CloseCommand>(R"(["CLOSE",""])").subscription, "");
  EXPECT_EQ(parsed<CloseCommand>(R"(["CLOSE",")" + too_long + "\"]").subscription, too_long);
  EXPECT_EQ(parsed<NegCloseCommand>(R"(["NEG-CLOSE",""])").subscription, "");
  EXPECT_EQ(parsed<NegCloseCommand>(R"(["NEG-CLOSE",")" + too_long + "\"]").subscription, too_long);
}

TEST(ClientMessage, TellsARefusedAuthFromARefusedEvent) {
  const Event event = test::unsigned_event({.content = "text"});
  std::string object = json_of(event);
  object.replace(object.find("\"kind\":1"), 8, "\"kind\":-1");
  EXPECT_EQ(refused("[\"EVENT\"," + object + "]").refusal, Refusal::ok_false);
  EXPECT_EQ(refused("[\"AUTH\"," + object + "]").refusal, Refusal::auth_ok_false);
  EXPECT_EQ(refused("[\"AUTH\"," + json_of(event) + "\xff]").refusal, Refusal::auth_ok_false);
  EXPECT_EQ(refused("[\"AUTH\"," + object + "]").subject, event.id.hex());
}

TEST(ClientMessage, IgnoresFurtherElements) {
  const Event event = test::unsigned_event({});
  EXPECT_EQ(parsed<EventCommand>("[\"EVENT\"," + json_of(event) + ",{\"id\":1},[2]]").event, event);
  EXPECT_EQ(parsed<CloseCommand>(R"(["CLOSE","s",{"a":["b"]},"t"])").subscription, "s");
}

TEST(ClientMessage, AnswersBrokenFramesWithANotice) {
  for (const char* text : {"",
                           " ",
                           "\n",
                           "[",
                           "[\"R",
                           "[\"REQ\"",
                           "[\"REQ\",",
                           "[\"REQ\"]",
                           "[\"EVENT\"]",
                           "[\"EVENT\",",
                           "[]",
                           "{}",
                           "\"\"",
                           "null",
                           "1",
                           "[1]",
                           "[null,\"x\"]",
                           "[[\"REQ\"],\"s\",{}]",
                           "[{\"a\":\"REQ\"},\"s\",{}]",
                           "x[\"REQ\",\"s\",{}]",
                           "[\"REQ\",\"s\",{}]x",
                           "[\"REQ\",\"s\",{}][\"REQ\",\"s\",{}]",
                           "[\"REQ\",\"s\",{},]",
                           "\xef\xbb\xbf[\"REQ\",\"s\",{}]",
                           "[\"REQ\",\"s\",{}]//",
                           "[\"REQ\",\"s\",{\"limit\":NaN}]",
                           "[\"CLOSE\"]",
                           "[\"CLOSE\",1]",
                           "[\"NEG-OPEN\"]",
                           "[\"AUTH\",\"challenge\"]",
                           "[\"req\",\"s\",{}]",
                           "[\"PING\"]",
                           "[\"\\ud800\",\"s\"]",
                           "{\"REQ\":\"s\"}",
                           "{\"0\":\"EVENT\",\"1\":{}}"})
    expect_notice(text);
}

TEST(ClientMessage, NamesTheEventInARefusal) {
  const Event event = test::unsigned_event({.content = "text"});
  const std::string good = "[\"EVENT\"," + json_of(event) + "]";
  const auto altered = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {altered("\"kind\":1", "\"kind\":\"1\""), altered("\"kind\":1", "\"kind\":70000"),
        altered("\"text\"", "\"\\ud83d\""), altered("\"text\"", "\"\xff\""), altered("\"text\"", "\"\\u12\""),
        altered("\"tags\":[]", "\"tags\":[1]"), altered("\"kind\":1,", ""), good.substr(0, good.size() - 5),
        altered("\"content\"", "\"sig\""), altered("[]", std::string(1000, '[') + std::string(1000, ']'))}) {
    const ClientMessageError error = refused(text);
    EXPECT_EQ(error.refusal, Refusal::ok_false) << text;
    EXPECT_EQ(error.subject, event.id.hex()) << text;
    EXPECT_THAT(error.reason, StartsWith("invalid: "));
  }
  expect_notice(altered(event.id.hex(), "abc"));
  expect_notice("[\"EVENT\",1]");
  expect_notice("[\"EVENT\",[]]");
  expect_notice("[\"EVENT\",\"" + event.id.hex() + "\"]");
}

TEST(ClientMessage, ClosesSubscriptionsWhoseFiltersAreWrong) {
  expect_closed(R"(["REQ","s"])", "s");
  expect_closed(R"(["COUNT","s"])", "s");
  expect_closed(R"(["REQ","s",{"kinds":["1"]}])", "s");
  expect_closed(R"(["REQ","s",{},{"ids":["abc"]},{}])", "s");
  expect_closed(R"(["REQ","s",[]])", "s");
  expect_closed(R"(["REQ","s",[{"kinds":[1]}]])", "s");
  expect_closed(R"(["REQ","s",null])", "s");
  expect_closed(R"(["REQ","s","{}"])", "s");
  expect_closed(R"(["REQ","s",1])", "s");
  expect_closed(R"(["REQ","s",{"kinds":[1],"kinds":[2]}])", "s");
  expect_closed(R"(["REQ","s",{"foo":1}])", "s", "unsupported: ");
  expect_closed(R"(["REQ","s",{"#ab":["x"]}])", "s", "unsupported: ");
  expect_closed(R"(["COUNT","s",{"search":["x"]}])", "s", "invalid: ");
  expect_closed(R"(["REQ","s",{"#t":["\ud800"]}])", "s");
  expect_closed(R"(["REQ","s",{"since":1e400}])", "s");
}

TEST(ClientMessage, TakesAnySubscriptionIdUpToTheLimit) {
  std::string emoji;
  for (int i = 0; i < 64; ++i) emoji += "\U0001F603";
  EXPECT_EQ(parsed<ReqCommand>("[\"REQ\",\"" + emoji + "\",{}]").subscription, emoji);
  EXPECT_EQ(parsed<ReqCommand>(R"(["REQ","\u0000\"<b>\n",{}])").subscription, std::string_view("\0\"<b>\n", 6));
  expect_closed("[\"REQ\",\"" + emoji + "x\",{}]", emoji + "x");
  expect_notice(R"(["REQ","",{}])");
  for (const char* id : {"1", "null", "true", "[\"s\"]", "{\"s\":\"s\"}"})
    expect_notice("[\"REQ\"," + std::string(id) + ",{}]");
}

TEST(ClientMessage, CapsFiltersAndTheirValues) {
  const MessageLimits limits{.max_filters = 2, .max_subscription_id = 64, .max_values = 3};
  EXPECT_TRUE(parse_client_message(R"(["REQ","s",{"kinds":[1,2]},{"#t":["a"]}])", limits));
  for (const char* text : {R"(["REQ","s",{},{},{}])", R"(["REQ","s",{"kinds":[1,2]},{"#t":["a","b"]}])",
                           R"(["REQ","s",{"kinds":[1,1,1,1]}])", R"(["REQ","s",{"kinds":[99999,99999,99999,99999]}])"})
    EXPECT_EQ(refused(text, limits).refusal, Refusal::closed) << text;
}

TEST(ClientMessage, SurvivesDeepNesting) {
  expect_notice(std::string(100'000, '['));
  expect_notice("[\"REQ\",\"s\"," + std::string(100'000, '['));
  std::string objects = "[\"REQ\",\"s\",";
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  expect_notice(objects);
}

TEST(ClientMessage, AnEventIsParsedIntoTheMemoryOfAnother) {
  Event scratch;
  scratch.content.assign(200, 'x');
  scratch.tags.add({"left", "over"});
  const void* memory = scratch.content.data();
  const Event event = test::unsigned_event({.content = std::string(100, 'y'), .tags = {{"t", "new"}}});
  std::string text;
  append_event_command(text, event);
  auto message = parse_client_message(text, kLimits, scratch);
  ASSERT_TRUE(message);
  const Event& parsed = std::get<EventCommand>(message.value()).event;
  EXPECT_EQ(parsed, event);
  EXPECT_EQ(parsed.content.data(), memory);
}

}  // namespace
}  // namespace pharos
