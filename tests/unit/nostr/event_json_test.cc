#include "nostr/event_json.h"

#include <gmock/gmock.h>

#include "support/event_factory.h"

namespace pharos {
namespace {

using ::testing::Optional;

const std::string kId(64, 'a');
const std::string kKey(64, 'b');
const std::string kSig(128, 'c');

// One member replaced (or added) in an otherwise good event.
std::string with(std::string_view name, std::string_view value) {
  const std::pair<std::string_view, std::string> members[] = {
      {"id", '"' + kId + '"'}, {"pubkey", '"' + kKey + '"'}, {"created_at", "1"},       {"kind", "1"},
      {"tags", "[]"},          {"content", "\"\""},          {"sig", '"' + kSig + '"'},
  };
  std::string out = "{";
  bool replaced = false;
  for (const auto& [key, usual] : members) {
    const bool here = key == name;
    replaced = replaced || here;
    if (out.size() > 1) out += ',';
    out += '"' + std::string(key) + "\":" + (here ? std::string(value) : usual);
  }
  if (!replaced) out += ",\"" + std::string(name) + "\":" + std::string(value);
  return out + "}";
}

EventParseFailure failure(std::string_view json) {
  Event event;
  const auto result = parse_event(json, event);
  if (!result) return result.error();
  ADD_FAILURE() << json << " was taken";
  return {.error = EventParseError{}, .id = {}};
}

void expect_error(std::string_view name, std::string_view value, EventParseError error) {
  const EventParseFailure got = failure(with(name, value));
  EXPECT_EQ(got.error, error) << name << " = " << value << ": " << describe(got.error);
}

TEST(EventJson, RoundTripsEveryKindOfText) {
  const Event event = test::signed_event({.kind = 65535,
                                          .content = std::string("\0\x1f\x7f\n\"\\/\u2028\U0001F603", 14),
                                          .tags = {{"t", "\n"}, {}, {""}, {"-"}, {"d", "a:b"}},
                                          .created_at = kMaxCreatedAt});
  std::string json;
  append_event_json(json, event);
  Event parsed;
  ASSERT_TRUE(parse_event(json, parsed));
  EXPECT_EQ(parsed, event);
}

TEST(EventJson, WritesTheFieldsInTheirUsualOrder) {
  Event event;
  ASSERT_TRUE(parse_event(" " + with("tags", "[ [\"a\", \"b\"] , [] ]") + "\n", event));
  std::string json;
  append_event_json(json, event);
  EXPECT_EQ(json, with("tags", "[[\"a\",\"b\"],[]]"));
}

TEST(EventJson, KnowsItsLengthBeforehand) {
  std::string controls = "\"\\ and é ";
  for (char c = 0; c < 0x20; ++c) controls += c;
  Event event;
  for (const std::string& text : {std::string(), std::string("plain"), controls}) {
    event.content = text + text;
    event.tags = {{}, {text}, {"t", text, ""}};
    for (const UnixSeconds created_at : {UnixSeconds{0}, kMaxCreatedAt}) {
      event.created_at = created_at;
      std::string json;
      append_event_json(json, event);
      EXPECT_GE(most_json_bytes(event), json.size());
      EXPECT_LE(most_json_bytes(event), json.size() + 25);
    }
    event.tags.clear();
  }
  std::string json;
  append_event_json(json, Event{});
  EXPECT_EQ(most_json_bytes(Event{}), json.size() + 23) << "one digit each where there is room for 20 and 5";
}

TEST(EventJson, ReusesTheEventGivenToIt) {
  Event event = test::unsigned_event({.content = "old", .tags = {{"old"}}});
  ASSERT_TRUE(parse_event(with("tags", "[]"), event));
  EXPECT_TRUE(event.tags.empty());
  EXPECT_EQ(event.content, "");
}

TEST(EventJson, DecodesEscapes) {
  Event event;
  ASSERT_TRUE(parse_event(with("content", R"("\u0041\/\u000A\ud83d\ude03\u0000")"), event));
  EXPECT_EQ(event.content, std::string_view("A/\n\U0001F603\0", 8));
  ASSERT_TRUE(parse_event(with("tags", R"([["d","\u0000x"]])"), event));
  EXPECT_EQ(event.tags.first("d"), std::string_view("\0x", 2));
}

TEST(EventJson, RefusesLoneSurrogates) {
  for (const char* text : {R"("\ud83d")", R"("\ude03")", R"("\ude03\ud83d")", R"("\ud83d\ud83d")", R"("\ud83dx")",
                           R"("x\udfff")", R"("\uDC00\uDC00")"}) {
    expect_error("content", text, EventParseError::not_json);
    expect_error("tags", "[[" + std::string(text) + "]]", EventParseError::not_json);
    expect_error("other", text, EventParseError::not_json);
  }
}

TEST(EventJson, RefusesTextThatIsNotUtf8) {
  for (const std::string_view bytes :
       {"\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\xe2\x82", "\x80"})
    expect_error("content", '"' + std::string(bytes) + '"', EventParseError::not_json);
}

TEST(EventJson, KeepsKoreanWhoseBytesResembleSurrogates) {
  Event event;
  ASSERT_TRUE(parse_event(with("content", "\"\ud55c\ud7a3\""), event));
  EXPECT_EQ(event.content, "\ud55c\ud7a3");
}

TEST(EventJson, WantsIntegersSpelledAsIntegers) {
  for (const char* text :
       {"1.0", "1e9", "1E2", "-0", "-1", "\"1\"", "true", "null", "[]", "{}", "9007199254740992", "9007199254740993",
        "9223372036854775808", "18446744073709551616", "100000000000000000000000000000"})
    expect_error("created_at", text, EventParseError::bad_created_at);
  for (const char* text : {"01", "+1", "1e400", "0x1", "NaN", "Infinity", "1.", ".5", "-"})
    expect_error("created_at", text, EventParseError::not_json);
  for (const char* text : {"65536", "65541", "70000", "-1", "1.5", "\"1\"", "true", "4294967297"})
    expect_error("kind", text, EventParseError::bad_kind);
  Event event;
  ASSERT_TRUE(parse_event(with("created_at", "9007199254740991"), event));
  EXPECT_EQ(event.created_at, kMaxCreatedAt);
  ASSERT_TRUE(parse_event(with("kind", "65535"), event));
  EXPECT_EQ(event.kind, 65535);
  ASSERT_TRUE(parse_event(with("kind", "0"), event));
  EXPECT_EQ(event.kind, 0);
}

TEST(EventJson, WantsLowerCaseHexOfTheRightLength) {
  const std::pair<const char*, EventParseError> fields[] = {
      {"id", EventParseError::bad_id}, {"pubkey", EventParseError::bad_pubkey}, {"sig", EventParseError::bad_sig}};
  for (const auto& [name, error] : fields) {
    const std::size_t size = std::string_view(name) == "sig" ? 128 : 64;
    for (const std::string& text : {std::string(size, 'A'), std::string(size - 1, 'a'), std::string(size + 2, 'a'),
                                    std::string(size, 'g'), "0x" + std::string(size - 2, 'a'), std::string()})
      expect_error(name, '"' + text + '"', error);
    expect_error(name, "null", error);
    expect_error(name, "1", error);
    expect_error(name, "[\"" + std::string(size, 'a') + "\"]", error);
  }
}

TEST(EventJson, WantsTagsAsArraysOfStrings) {
  for (const char* text : {"{}", "null", "\"\"", "[\"a\"]", "[[1]]", "[[null]]", "[[[]]]", "[[\"a\",[\"b\"]]]", "[{}]",
                           "[[{}]]", "[true]", "[[\"a\",false]]", "{\"a\":[[\"b\"]]}"})
    expect_error("tags", text, EventParseError::bad_tags);
  for (const char* text : {"null", "1", "[\"a\"]", "{\"a\":\"b\"}", "true"})
    expect_error("content", text, EventParseError::bad_content);
}

TEST(EventJson, RefusesRepeatedFieldsHoweverSpelled) {
  for (const char* name : {"id", "pubkey", "created_at", "kind", "tags", "content", "sig"}) {
    const std::string good = with("other", "1");
    std::string json = good.substr(0, good.size() - 1) + ",\"" + name + "\":" + "[]}";
    EXPECT_EQ(failure(json).error, EventParseError::duplicate_field) << name;
  }
  expect_error("\\u0069d", "\"" + std::string(64, 'd') + "\"", EventParseError::duplicate_field);
}

TEST(EventJson, ReportsMissingFields) {
  EXPECT_EQ(failure("{}").error, EventParseError::missing_field);
  EXPECT_EQ(failure(R"({"id":")" + kId + "\"}").error, EventParseError::missing_field);
  EXPECT_THAT(failure(R"({"id":")" + kId + "\"}").id, Optional(EventId::from_hex(kId).value()));
}

TEST(EventJson, DropsUnknownFieldsOfAnyShape) {
  Event event;
  for (const char* value : {"1", "1.5e300", "\"x\"", "null", "[[{\"id\":[1]}]]", "{\"tags\":[1],\"id\":5}"}) {
    ASSERT_TRUE(parse_event(with("__proto__", value), event)) << value;
    std::string json;
    append_event_json(json, event);
    EXPECT_EQ(json, with("kind", "1"));
  }
}

TEST(EventJson, CapsNesting) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  Event event;
  EXPECT_TRUE(parse_event(with("other", nested(15)), event));
  expect_error("other", nested(16), EventParseError::not_json);
  expect_error("other", nested(100'000), EventParseError::not_json);
  expect_error("tags", nested(100'000), EventParseError::not_json);
  expect_error("other", std::string(1'000'000, '['), EventParseError::not_json);
}

TEST(EventJson, RefusesWhatIsNotOneObject) {
  for (const char* text : {"1", "\"x\"", "null", "[]", "[{}]", "true"})
    EXPECT_EQ(failure(text).error, EventParseError::not_an_object) << text;
  const std::string good = with("kind", "1");
  using std::string_literals::operator""s;
  for (const std::string& text : {""s, " "s, "\n"s, "{"s, good + "x", good + good, "\xef\xbb\xbf" + good, good + "\0"s,
                                  good + "\0x"s, "\0"s + good, good.substr(0, good.size() - 1),
                                  good.substr(0, good.size() - 1) + ",}", "/**/" + good, good + "//"})
    EXPECT_EQ(failure(text).error, EventParseError::not_json) << text;
}

TEST(EventJson, FindsTheIdWhateverElseIsWrong) {
  const EventId id = EventId::from_hex(kId).value();
  const std::string good = with("kind", "1");
  EXPECT_THAT(failure(with("kind", "-1")).id, Optional(id));
  EXPECT_THAT(failure(with("tags", "[1]")).id, Optional(id));
  EXPECT_THAT(failure(with("content", "\"\\ud83d\"")).id, Optional(id));
  EXPECT_THAT(failure(with("content", "\"\xff\"")).id, Optional(id));
  EXPECT_THAT(failure(good.substr(0, good.size() - 40)).id, Optional(id));
  EXPECT_THAT(failure(R"({"content":"\udc00", "id" : ")" + kId + "\"}").id, Optional(id));
  EXPECT_EQ(failure(with("id", "\"" + std::string(64, 'A') + "\"")).id, std::nullopt);
  EXPECT_EQ(failure(R"({"content":"\"id\":\")" + kId + R"(\"","x)").id, std::nullopt);
  EXPECT_EQ(failure(R"({"id":")" + kId).id, std::nullopt);
}

TEST(EventJson, KeepsTheFirstOfTwoIds) {
  const std::string good = with("other", "1");
  const std::string twice = good.substr(0, good.size() - 1) + ",\"id\":\"" + std::string(64, 'd') + "\"}";
  EXPECT_THAT(failure(twice).id, Optional(EventId::from_hex(kId).value()));
}

}  // namespace
}  // namespace pharos
