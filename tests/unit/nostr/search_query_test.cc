#include "nostr/search_query.h"

#include <gmock/gmock.h>

#include "nostr/search_score.h"

namespace pharos {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

SearchQuery query(std::string_view text) {
  auto parsed = parse_search(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? std::move(parsed).value() : SearchQuery();
}

WordList words(std::string_view text, std::string_view title = {}) {
  WordList list;
  if (!title.empty()) list.add_text(title, true);
  list.add_text(text);
  return list;
}

bool finds(std::string_view search, std::string_view text) { return matches(query(search), words(text)); }

SearchScore score(std::string_view search, const WordList& list) {
  const SearchQuery asked = query(search);
  return search_score(asked, list, std::vector<float>(asked.words.size(), 1.0F));
}

TEST(SearchQuery, WantsEveryWordInAnyOrder) {
  EXPECT_THAT(query("Best  Nostr apps nostr").words, ElementsAre("best", "nostr", "apps"));
  EXPECT_TRUE(finds("apps best", "the BEST nostr apps"));
  EXPECT_FALSE(finds("apps worst", "the best nostr apps"));
  EXPECT_FALSE(finds("app", "the best nostr apps"));
}

TEST(SearchQuery, WantsTheWordsOfAPhraseSideBySide) {
  EXPECT_TRUE(finds("\"new york\"", "in New York, today"));
  EXPECT_FALSE(finds("\"new york\"", "york is new"));
  EXPECT_FALSE(finds("\"new york\"", "new in york"));
  EXPECT_TRUE(finds("\"new york\" today", "today: old new york"));
  EXPECT_TRUE(finds("\"unclosed phrase", "an unclosed phrase"));
  EXPECT_TRUE(finds("\"vitamin c pills\"", "take vitamin c pills"));
  EXPECT_FALSE(finds("\"vitamin c pills\"", "take vitamin pills"));
}

TEST(SearchQuery, TakesWhatIsWrittenTogetherForAPhrase) {
  EXPECT_TRUE(finds("東京都", "東京都です"));
  EXPECT_FALSE(finds("東京都", "京都と東京"));
  EXPECT_TRUE(finds("relay.example.com", "wss://relay.example.com/"));
  EXPECT_FALSE(finds("relay.example.com", "com example relay"));
  EXPECT_TRUE(finds("https://example.com/x", "see example.com"));
}

TEST(SearchQuery, LeavesOutWhatIsExcluded) {
  EXPECT_FALSE(finds("nostr -spam", "nostr spam"));
  EXPECT_TRUE(finds("nostr -spam", "nostr ham"));
  EXPECT_FALSE(finds("nostr -\"free coins\"", "nostr free coins"));
  EXPECT_TRUE(finds("nostr -\"free coins\"", "nostr coins, free"));
  EXPECT_TRUE(finds("-spam", "ham"));
  EXPECT_TRUE(finds("e-mail", "send e-mail"));
  EXPECT_TRUE(finds("well - known", "well known"));
}

TEST(SearchQuery, IgnoresExtensions) {
  EXPECT_THAT(query("orange include:spam language:en x:y").words, ElementsAre("orange"));
  EXPECT_TRUE(query("include:spam domain:example.com").asks_nothing);
  EXPECT_TRUE(finds("nsfw:false", "anything"));
  EXPECT_THAT(query("at 12:30").words, ElementsAre("at", "12", "30"));
  EXPECT_THAT(query("note: this").words, ElementsAre("note", "this"));
  EXPECT_THAT(query("\"key:value\"").words, ElementsAre("key", "value"));
}

TEST(SearchQuery, TellsNothingFromNoWords) {
  EXPECT_TRUE(query("").asks_nothing);
  EXPECT_TRUE(query("  \"\" ").asks_nothing);
  for (const char* text : {"!", "a", "🔥", "\"?\"", "-"}) {
    EXPECT_TRUE(query(text).matches_nothing) << text;
    EXPECT_FALSE(finds(text, "a ! 🔥 ?")) << text;
  }
}

TEST(SearchQuery, IsBounded) {
  EXPECT_EQ(parse_search(std::string(SearchQuery::kMaxBytes + 1, 'a')).error(), SearchError::too_long);
  std::string many;
  for (int i = 0; i < 33; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_EQ(parse_search(many).error(), SearchError::too_many_words);
  many.clear();
  for (int i = 0; i < 33; ++i) many += "-w" + std::to_string(i) + " ";
  EXPECT_EQ(parse_search(many).error(), SearchError::too_many_words);
  EXPECT_THAT(query("one two three four five six seven eight nine ten").words, SizeIs(10));
}

TEST(SearchScore, PrefersWhatSaysItShortAndOften) {
  EXPECT_GT(score("nostr", words("nostr relay")), score("nostr", words("nostr " + std::string(300, 'x') +
                                                                       " a lot of "
                                                                       "other words that say nothing about it at all "
                                                                       "and go on and on for a while yet")));
  EXPECT_GT(score("nostr", words("nostr nostr nostr one two")), score("nostr", words("nostr six five one two")));
}

TEST(SearchScore, PrefersTheQuestionAsItStands) {
  EXPECT_GT(score("lightning network", words("the lightning network")),
            score("lightning network", words("a network of lightning")));
}

TEST(SearchScore, PrefersTitles) {
  const std::string text = "some words about relays and what they do";
  EXPECT_GT(score("relays", words(text, "Relays")), score("relays", words(text, "On relays")));
  EXPECT_GT(score("relays", words(text, "On relays")), score("relays", words(text, "On clients")));
}

TEST(SearchScore, WeighsRareWordsMore) {
  EXPECT_GT(word_weight(10, 1000), word_weight(900, 1000));
  EXPECT_GT(word_weight(0, 0), 0);
  EXPECT_GT(word_weight(5000, 1000), 0);
  const SearchQuery asked = query("rare common");
  const float weights[] = {word_weight(1, 1000), word_weight(900, 1000)};
  EXPECT_GT(search_score(asked, words("rare rare rare common, filler words to make it longer"), weights),
            search_score(asked, words("rare common common common, filler words to make it longer"), weights));
}

TEST(SearchScore, IsBoundedByTwo) {
  EXPECT_LE(score("ab", words("ab ab ab ab", "ab")), 40);
  EXPECT_EQ(score("-spam", words("ham")), 0);
}

}  // namespace
}  // namespace pharos
