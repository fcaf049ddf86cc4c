#include "nostr/filter.h"

#include <gmock/gmock.h>

#include "nostr/search_query.h"
#include "support/event_factory.h"

namespace pharos {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;

const std::string kA(64, 'a');
const std::string kB(64, 'b');

Filter parsed(std::string_view json) {
  const Result<Filter, FilterError> filter = parse_filter(json);
  if (!filter) ADD_FAILURE() << json << ": " << describe(filter.error());
  return filter ? filter.value() : Filter{};
}

void expect_error(std::string_view json, FilterError error) {
  const Result<Filter, FilterError> filter = parse_filter(json);
  ASSERT_FALSE(filter) << json;
  EXPECT_EQ(filter.error(), error) << json << ": " << describe(filter.error());
}

TEST(Filter, EmptyMatchesEverything) {
  const Filter filter = parsed(" {} ");
  EXPECT_FALSE(matches_nothing(filter));
  EXPECT_TRUE(matches(filter, test::unsigned_event({})));
}

TEST(Filter, SortsListsAndDropsRepeats) {
  const Filter filter =
      parsed(R"({"kinds":[7,1,7],"#t":["b","a","b"],"#a":["x"],"#T":[],"ids":[")" + kB + R"(",")" + kA + "\"]}");
  EXPECT_THAT(filter.kinds, Optional(ElementsAre(1, 7)));
  EXPECT_THAT(filter.ids, Optional(ElementsAre(EventId::from_hex(kA).value(), EventId::from_hex(kB).value())));
  ASSERT_EQ(filter.tags.size(), 3U);
  EXPECT_EQ(filter.tags[0].name, 'T');
  EXPECT_EQ(filter.tags[1].name, 'a');
  EXPECT_THAT(filter.tags[2].values, ElementsAre("a", "b"));
}

TEST(Filter, EmptyListsMatchNothing) {
  for (const char* json : {R"({"ids":[]})", R"({"authors":[]})", R"({"kinds":[]})", R"({"#t":[]})"}) {
    EXPECT_TRUE(matches_nothing(parsed(json))) << json;
    EXPECT_FALSE(matches(parsed(json), test::unsigned_event({.tags = {{"t", ""}}}))) << json;
  }
}

TEST(Filter, KindsOutOfRangeMatchNothingWithoutAnError) {
  EXPECT_THAT(parsed(R"({"kinds":[99999]})").kinds, Optional(IsEmpty()));
  EXPECT_THAT(parsed(R"({"kinds":[65536,1,184467440737095516160]})").kinds, Optional(ElementsAre(1)));
}

TEST(Filter, TimesOutOfRangeSaturate) {
  EXPECT_THAT(parsed(R"({"since":9007199254740992})").since, Optional(Eq(kMaxCreatedAt + 1)));
  EXPECT_THAT(parsed(R"({"until":99999999999999999999999})").until, Optional(Eq(kMaxCreatedAt + 1)));
  EXPECT_TRUE(matches_nothing(parsed(R"({"since":9223372036854775808})")));
  EXPECT_FALSE(matches_nothing(parsed(R"({"until":9223372036854775808})")));
  EXPECT_TRUE(matches_nothing(parsed(R"({"since":5,"until":4})")));
  EXPECT_FALSE(matches_nothing(parsed(R"({"since":5,"until":5})")));
}

TEST(Filter, LimitIsOptionalAndSaturates) {
  EXPECT_EQ(parsed("{}").limit, std::nullopt);
  EXPECT_THAT(parsed(R"({"limit":0})").limit, Optional(Eq(0U)));
  EXPECT_THAT(parsed(R"({"limit":99999999999999999999})").limit, Optional(Eq((std::size_t{1} << 53) - 1)));
}

TEST(Filter, RefusesWrongTypesByField) {
  for (const char* value : {"null", "1", "\"a\"", "{}", "[1]", "[null]", "[\"abc\"]", "[[]]", "{\"a\":[\"b\"]}",
                            "{\"a\":1}", "[\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]"}) {
    expect_error("{\"ids\":" + std::string(value) + "}", FilterError::bad_ids);
    expect_error("{\"authors\":" + std::string(value) + "}", FilterError::bad_authors);
    expect_error("{\"#e\":" + std::string(value) + "}", FilterError::bad_tag_values);
    expect_error("{\"#p\":" + std::string(value) + "}", FilterError::bad_tag_values);
  }
  for (const char* value : {"null", "1", "[-1]", "[1.5]", "[1e2]", "[\"1\"]", "[true]", "[-0]", "[[1]]", "{\"a\":1}"})
    expect_error("{\"kinds\":" + std::string(value) + "}", FilterError::bad_kinds);
  for (const char* value : {"null", "-1", "1.5", "1e9", "\"1\"", "[1]", "true", "-0", "{}"}) {
    expect_error("{\"since\":" + std::string(value) + "}", FilterError::bad_time);
    expect_error("{\"until\":" + std::string(value) + "}", FilterError::bad_time);
    expect_error("{\"limit\":" + std::string(value) + "}", FilterError::bad_limit);
  }
  for (const char* value : {"null", "\"a\"", "[1]", "[null]", "[[\"a\"]]", "{}", "{\"a\":\"b\"}"})
    expect_error("{\"#t\":" + std::string(value) + "}", FilterError::bad_tag_values);
}

TEST(Filter, RefusesFieldsItDoesNotKnow) {
  for (const char* name : {"#", "#ab", "#1", "#-", "#\u00e9", "IDS", "tags", "", "&t", "ids "})
    expect_error("{\"" + std::string(name) + "\":[\"a\"]}", FilterError::unknown_field);
  expect_error(R"({"x":{"ids":[1]}})", FilterError::unknown_field);
}

TEST(Filter, ReadsASearch) {
  const auto filter = parse_filter(R"({"search":"Best apps","limit":3})");
  ASSERT_TRUE(filter);
  ASSERT_NE(filter.value().search, nullptr);
  EXPECT_EQ(filter.value().search->text, "Best apps");
  EXPECT_EQ(filter.value().search->words.size(), 2U);
  std::string json;
  append_filter_json(json, filter.value());
  EXPECT_EQ(json, R"({"limit":3,"search":"Best apps"})");
  EXPECT_FALSE(matches_nothing(filter.value()));
  EXPECT_TRUE(matches_nothing(parse_filter(R"({"search":"?"})").value()));
}

TEST(Filter, RefusesABadSearch) {
  for (const char* value : {"null", "1", "true", "[]", "[\"a\"]", "{}"})
    expect_error("{\"search\":" + std::string(value) + "}", FilterError::bad_search);
  expect_error("{\"search\":\"" + std::string(1025, 'a') + "\"}", FilterError::bad_search);
  expect_error(R"({"search":"a","search":"b"})", FilterError::duplicate_field);
}

TEST(Filter, RefusesRepeatedFieldsHoweverSpelled) {
  for (const char* json : {R"({"kinds":[1],"kinds":[2]})", R"({"#t":["a"],"#t":["b"]})", R"({"limit":1,"limit":1})",
                           R"({"ids":[],"\u0069ds":[]})"})
    expect_error(json, FilterError::duplicate_field);
}

TEST(Filter, RefusesWhatIsNotOneObject) {
  for (const char* json : {"[]", "1", "null", "\"x\"", "[{}]"}) expect_error(json, FilterError::not_an_object);
  for (const char* json : {"", "{", "{}x", "{},", R"({"#t":["\ud800"]})", R"({"limit":01})"})
    expect_error(json, FilterError::bad_json);
}

TEST(Filter, MatchesByAllFields) {
  const Event event = test::unsigned_event(
      {.kind = 7, .tags = {{"t", "one", "two"}, {"tt", "long"}, {"e", kA}, {"x"}, {}}, .created_at = 100, .key = 3});
  const std::string author = test::public_key(3).hex();
  const auto hits = [&](const std::string& json) { return matches(parsed(json), event); };

  EXPECT_TRUE(hits(R"({"kinds":[1,7],"since":100,"until":100,"authors":[")" + author + R"("],"ids":[")" +
                   event.id.hex() + R"("],"#t":["one","no"],"#e":[")" + kA + "\"],\"limit\":0}"));
  EXPECT_FALSE(hits(R"({"kinds":[1]})"));
  EXPECT_FALSE(hits(R"({"since":101})"));
  EXPECT_FALSE(hits(R"({"until":99})"));
  EXPECT_FALSE(hits(R"({"authors":[")" + kA + "\"]}"));
  EXPECT_FALSE(hits(R"({"ids":[")" + kA + "\"]}"));
  EXPECT_FALSE(hits(R"({"#t":["two"]})")) << "only a tag's first value counts";
  EXPECT_FALSE(hits(R"({"#T":["one"]})")) << "names are case-sensitive";
  EXPECT_FALSE(hits(R"({"#t":["one"],"#e":[")" + kB + "\"]}"));
  EXPECT_FALSE(hits(R"({"#x":[""]})")) << "a tag without a value has none";
}

TEST(Filter, WritesWhatItReads) {
  for (const std::string& json :
       {std::string("{}"), std::string(R"({"kinds":[],"#t":["\u0000","a\"b"],"since":1,"until":2,"limit":3})"),
        R"({"ids":[")" + kA + R"("],"authors":[")" + kA + R"(",")" + kB + R"("],"kinds":[0,65535],"#A":["x"],"#e":[")" +
            kA + "\"]}"}) {
    std::string out;
    append_filter_json(out, parsed(json));
    EXPECT_EQ(out, json);
  }
}

}  // namespace
}  // namespace pharos
