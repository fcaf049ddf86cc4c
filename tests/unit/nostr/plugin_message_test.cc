#include "nostr/plugin_message.h"

#include <gmock/gmock.h>

#include "support/event_builder.h"

namespace pharos {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string kId(64, 'a');

std::optional<PluginAnswerError> error_of(std::string_view line) {
  const auto answer = parse_plugin_answer(line);
  if (answer) return std::nullopt;
  return answer.error();
}

TEST(PluginMessage, AQuestionIsOneLine) {
  test::Person alice(1);
  const Event event = alice.event(1, 1'700'000'000, "two\nlines \xE2\x80\xA8 and \"quotes\"", {{"p", "x"}});
  std::string line;
  append_plugin_question(line, {event, 1'700'000'001, "IP4", "192.0.2.1", std::nullopt});
  EXPECT_EQ(line, R"({"type":"new","event":)" + test::to_json(event) +
                      R"(,"receivedAt":1700000001,"sourceType":"IP4","sourceInfo":"192.0.2.1"})" + "\n");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(PluginMessage, AQuestionNamesAnAuthenticatedKey) {
  test::Person alice(1);
  const Event event = alice.event(1, 1'700'000'000, "");
  std::string line;
  append_plugin_question(line, {event, 1'700'000'001, "IP6", "2001:db8::1", alice.key()});
  EXPECT_THAT(line, EndsWith(R"(,"authed":")" + alice.hex() + "\"}\n"));
}

TEST(PluginMessage, ReadsEveryAction) {
  for (const PluginAction action : {PluginAction::accept, PluginAction::reject, PluginAction::shadow_reject}) {
    const auto answer =
        parse_plugin_answer(R"({"id":")" + kId + R"(","action":")" + std::string(name(action)) + R"("})");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer.value().action, action);
    EXPECT_EQ(answer.value().id.hex(), kId);
    EXPECT_EQ(answer.value().message, "");
  }
}

TEST(PluginMessage, PassesOverWhatItDoesNotKnow) {
  const auto answer = parse_plugin_answer(R"( {"msg":"no \"spam\"","more":{"id":1,"action":["x"]},"x":[{"msg":"y"}],)"
                                          R"("action":"reject","score":0.9,"id":")" +
                                          kId + "\"}\r");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer.value().action, PluginAction::reject);
  EXPECT_EQ(answer.value().message, "no \"spam\"");
}

TEST(PluginMessage, AMessageOfNullIsNone) {
  const auto answer = parse_plugin_answer(R"({"id":")" + kId + R"(","action":"accept","msg":null})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer.value().message, "");
}

TEST(PluginMessage, SaysWhatIsWrong) {
  for (const char* line : {"", "hello", "[]", "\"x\"", "{", "{} {}", "{\"msg\":\"\xFF\"}"})
    EXPECT_EQ(error_of(line), PluginAnswerError::not_json) << line;
  for (const char* line : {"{}", R"({"id":1,"action":"accept"})", R"({"id":"abc","action":"accept"})"})
    EXPECT_EQ(error_of(line), PluginAnswerError::no_id) << line;
  EXPECT_EQ(error_of(R"({"id":")" + kId + R"("})"), PluginAnswerError::no_action);
  EXPECT_EQ(error_of(R"({"id":")" + kId + R"(","action":true})"), PluginAnswerError::no_action);
  EXPECT_EQ(error_of(R"({"id":")" + kId + R"(","action":"shadowreject"})"), PluginAnswerError::unknown_action);
  EXPECT_THAT(describe(PluginAnswerError::unknown_action), HasSubstr("shadowReject"));
}

TEST(PluginMessage, NestingIsBounded) {
  std::string deep = R"({"id":")" + kId + R"(","action":"accept","x":)";
  EXPECT_EQ(error_of(deep + std::string(10'000, '[')), PluginAnswerError::not_json);
}

}  // namespace
}  // namespace pharos
