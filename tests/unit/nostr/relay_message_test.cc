#include <gmock/gmock.h>

#include "nostr/message.h"
#include "support/event_factory.h"

namespace pharos {
namespace {

const std::string kId(64, 'a');

template <class Reply>
Reply parsed(std::string_view text) {
  Result<RelayMessage, RelayMessageError> message = parse_relay_message(text);
  if (!message) {
    ADD_FAILURE() << text << ": " << message.error().reason;
    return {};
  }
  if (!std::holds_alternative<Reply>(message.value())) {
    ADD_FAILURE() << text << ": another reply";
    return {};
  }
  return std::get<Reply>(std::move(message).value());
}

TEST(RelayMessage, ReadsEvents) {
  const Event event = test::signed_event({.content = "x", .tags = {{"t", "y"}, {}}});
  std::string text;
  append_event_prefix(text, "sub\"1");
  append_event_json(text, event);
  text += ']';
  const auto reply = parsed<EventReply>(text);
  EXPECT_EQ(reply.subscription, "sub\"1");
  EXPECT_EQ(reply.event, event);
}

TEST(RelayMessage, ReadsOkWithAndWithoutAMessage) {
  auto ok = parsed<OkReply>("[\"OK\",\"" + kId + "\",true,\"duplicate: have it\"]");
  EXPECT_EQ(ok.id.hex(), kId);
  EXPECT_TRUE(ok.accepted);
  EXPECT_EQ(ok.message, "duplicate: have it");
  EXPECT_TRUE(parsed<OkReply>("[\"OK\",\"" + kId + "\",true,false]").accepted) << "the third element decides";
  EXPECT_FALSE(parsed<OkReply>("[\"OK\",\"" + kId + "\",false,true]").accepted);
  ok = parsed<OkReply>("[\"OK\",\"" + kId + "\",false]");
  EXPECT_FALSE(ok.accepted);
  EXPECT_EQ(ok.message, "");
}

TEST(RelayMessage, ReadsTheOthers) {
  EXPECT_EQ(parsed<EoseReply>(R"(["EOSE","s"])").subscription, "s");
  EXPECT_FALSE(parsed<EoseReply>(R"(["EOSE","s"])").finish);
  EXPECT_TRUE(parsed<EoseReply>(R"(["EOSE","s",["finish"]])").finish);
  EXPECT_FALSE(parsed<EoseReply>(R"(["EOSE","s",["more"]])").finish);
  EXPECT_EQ(parsed<ClosedReply>(R"(["CLOSED","s","auth-required: x"])").message, "auth-required: x");
  EXPECT_EQ(parsed<ClosedReply>(R"(["CLOSED","s"])").message, "");
  EXPECT_EQ(parsed<NoticeReply>(R"(["NOTICE","hi\n"])").message, "hi\n");
  EXPECT_EQ(parsed<AuthReply>(R"(["AUTH","challenge"])").challenge, "challenge");
  EXPECT_EQ(parsed<NegMessageReply>(R"(["NEG-MSG","n","61ff"])").message, "\x61\xff");
  EXPECT_EQ(parsed<NegErrReply>(R"(["NEG-ERR","n","blocked: too big",5])").reason, "blocked: too big");
  EXPECT_EQ(parsed<UnknownReply>(R"(["COUNT","c",{"count":5}])").verb, "COUNT");
}

TEST(RelayMessage, TellsWhyAnEventDidNotParse) {
  const auto fault = [](std::string_view text) {
    const Result<RelayMessage, RelayMessageError> message = parse_relay_message(text);
    return message ? std::nullopt : message.error().event_error;
  };
  EXPECT_EQ(fault(R"(["EVENT","s",{}])"), EventParseError::missing_field);
  EXPECT_EQ(fault(R"(["EVENT","s","x"])"), EventParseError::not_an_object);
  EXPECT_EQ(fault(R"(["EVENT","s",[{}]])"), EventParseError::not_an_object);
  EXPECT_EQ(fault(R"(["EVENT","s",{"kind":-1}])"), EventParseError::bad_kind);
  EXPECT_EQ(fault(R"(["EVENT","s",{"content":"\ud800"}])"), EventParseError::not_json);
}

TEST(RelayMessage, RefusesWhatIsNoMessage) {
  for (const char* text : {"",
                           "x",
                           "{}",
                           "[]",
                           "[1]",
                           "[[]]",
                           R"(["EVENT"])",
                           R"(["NEG-MSG","n"])",
                           R"(["NEG-MSG","n","6"])",
                           R"(["NEG-MSG","n","6G"])",
                           R"(["NEG-ERR"])",
                           R"(["EVENT","s"])",
                           R"(["EVENT",1,{}])",
                           R"(["OK"])",
                           R"(["OK","abc",true,""])",
                           R"(["EOSE"])",
                           R"(["EOSE",1])",
                           R"(["CLOSED"])",
                           R"(["NOTICE"])",
                           R"(["NOTICE",{}])",
                           R"(["AUTH",{}])",
                           R"({"EVENT":"s"})",
                           R"(["NOTICE","x"]x)"}) {
    const Result<RelayMessage, RelayMessageError> message = parse_relay_message(text);
    ASSERT_FALSE(message) << text;
    EXPECT_NE(message.error().reason, "") << text;
  }
  EXPECT_FALSE(parse_relay_message("[\"OK\",\"" + kId + "\",\"true\"]"));
  EXPECT_FALSE(parse_relay_message("[\"OK\",\"" + kId + "\"]"));
}

}  // namespace
}  // namespace pharos
