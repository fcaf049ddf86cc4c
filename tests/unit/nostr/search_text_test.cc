#include "nostr/search_text.h"

#include <gmock/gmock.h>

#include "nostr/filter.h"

namespace pharos {
namespace {

using testing::ElementsAre;

std::vector<std::string> words(Kind kind, std::string content, const TagList& tags = {}) {
  Event event;
  event.kind = kind;
  event.content = std::move(content);
  event.tags = tags;
  WordList list;
  read_search_text(event, list);
  std::vector<std::string> out;
  for (const WordList::Token& token : list.tokens()) {
    out.push_back((token.in_title ? "*" : "") + std::string(list[token.word]));
  }
  return out;
}

TEST(SearchText, OfAProfileIsWhatItSaysOfItsOwner) {
  EXPECT_THAT(words(0, R"({"name":"Alice","display_name":"Al Ice","about":"builds relays","picture":"https://x.yz/p",)"
                       R"("nip05":"alice@example.com","more":{"name":"no"},"n":1})"),
              ElementsAre("*alice", "*al", "*ice", "builds", "relays", "*alice", "*example", "*com"));
  EXPECT_THAT(words(0, "alice"), ElementsAre());
  EXPECT_THAT(words(0, R"({"name":"alice","about":)"), ElementsAre());
}

TEST(SearchText, OfOtherKindsIsContentAndTitle) {
  EXPECT_THAT(words(1, "plain note", {{"t", "tagged"}, {"subject", "Re: it"}}),
              ElementsAre("*re", "*it", "plain", "note"));
  EXPECT_THAT(words(30023, "the article", {{"d", "slug"}, {"title", "A Title"}, {"summary", "in short"}, {"title"}}),
              ElementsAre("*title", "in", "short", "the", "article"));
}

TEST(SearchText, IsWhatFiltersWithASearchMatch) {
  const auto filter = parse_filter(R"({"kinds":[1],"search":"hello -world"})");
  ASSERT_TRUE(filter);
  Event event;
  event.kind = 1;
  event.content = "Hello there";
  EXPECT_TRUE(matches(filter.value(), event));
  event.content = "Hello world";
  EXPECT_FALSE(matches(filter.value(), event));
  EXPECT_TRUE(matches_fields(filter.value(), event));
  event.content = "Hello there";
  event.kind = 2;
  EXPECT_FALSE(matches(filter.value(), event));
}

}  // namespace
}  // namespace pharos
