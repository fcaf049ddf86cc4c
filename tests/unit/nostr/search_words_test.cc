#include "nostr/search_words.h"

#include <functional>
#include <set>

#include <gmock/gmock.h>

namespace pharos {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> words(std::string_view text) {
  WordList list;
  list.add_text(text);
  std::vector<std::string> out;
  for (const WordList::Token& token : list.tokens()) out.emplace_back(list[token.word]);
  return out;
}

TEST(SearchWords, FoldsCaseAndAccents) {
  EXPECT_THAT(words("Crème BRÛLÉE, naïve Ångström"), ElementsAre("creme", "brulee", "naive", "angstrom"));
  EXPECT_THAT(words("Straße Łódź Ørsted Đà"), ElementsAre("strasse", "lodz", "orsted", "da"));
  EXPECT_THAT(words("e\u0301te\u0301"), ElementsAre("ete"));
}

TEST(SearchWords, FoldsCyrillicAndGreek) {
  EXPECT_THAT(words("ЁЛКА ёлка Елка"), ElementsAre("елка", "елка", "елка"));
  EXPECT_THAT(words("ΟΔΥΣΣΕΎΣ οδυσσεύς"), ElementsAre("οδυσσευσ", "οδυσσευσ"));
}

TEST(SearchWords, TakesEveryTurkishIForTheSame) {
  EXPECT_THAT(words("ISPARTA ısparta İstanbul istanbul"), ElementsAre("isparta", "isparta", "istanbul", "istanbul"));
}

TEST(SearchWords, FoldsCompatibilityForms) {
  EXPECT_THAT(words("ＦＵＬＬ ﬁne x² ｶﾞ"), ElementsAre("full", "fine", "x2", "ガ"));
}

TEST(SearchWords, TakesNeighboursWhereNoSpacesStand) {
  EXPECT_THAT(words("東京都に"), ElementsAre("東京", "京都", "都に"));
  EXPECT_THAT(words("私 ok"), ElementsAre("私", "ok"));
  EXPECT_THAT(words("bitcoin日本"), ElementsAre("bitcoin", "日本"));
  EXPECT_THAT(words("한국어"), ElementsAre("한국", "국어"));
  EXPECT_THAT(words("\u1112\u1161\u11ab\u1100\u116e\u11a8"), ElementsAre("한국"));
  EXPECT_THAT(words("か\u3099く"), ElementsAre("がく"));
}

TEST(SearchWords, DropsArabicVowelSignsAndKeepsIndicOnes) {
  EXPECT_THAT(words("مُحَمَّد محمد"), ElementsAre("محمد", "محمد"));
  EXPECT_THAT(words("شـــكرا"), ElementsAre("شكرا"));
  EXPECT_THAT(words("हिन्दी"), ElementsAre("हिन्दी"));
}

TEST(SearchWords, PassesOverEmojiAndSingleLetters) {
  EXPECT_THAT(words("🔥 a hot 👩‍👩‍👧 day! #Nostr"), ElementsAre("hot", "day", "nostr"));
  EXPECT_THAT(words("😀 ❤️ 🇯🇵"), IsEmpty());
  EXPECT_THAT(words("don't snake_case e-mail"), ElementsAre("don", "snake", "case", "mail"));
}

TEST(SearchWords, TakesTheHostOfAUrl) {
  EXPECT_THAT(words("see https://github.com/nostr-protocol/nips?x=1#top now"),
              ElementsAre("see", "github", "com", "now"));
  EXPECT_THAT(words("wss://relay.example.com:7777/ (http://a.bc/d) http://"),
              ElementsAre("relay", "example", "com", "7777", "bc"));
  EXPECT_THAT(words("http://例え.jp/x日本"), ElementsAre("例え", "jp", "日本"));
}

TEST(SearchWords, PassesOverReferencesAndLongRuns) {
  EXPECT_THAT(words("by nostr:npub1qqqqqqqqqqqqqq, nostr: the protocol"),
              ElementsAre("by", "nostr", "the", "protocol"));
  EXPECT_THAT(words("x data:image/png;base64," + std::string(300, 'A') + "/abc+def yes"), ElementsAre("yes"));
  EXPECT_THAT(words(std::string(32, 'a') + " " + std::string(33, 'b')), ElementsAre(std::string(32, 'a')));
}

TEST(SearchWords, NumbersNeighboursInARow) {
  WordList list;
  list.add_text("new york a times");
  ASSERT_EQ(list.tokens().size(), 3U);
  EXPECT_EQ(list.tokens()[0].position + 1, list.tokens()[1].position);
  EXPECT_EQ(list.tokens()[1].position + 2, list.tokens()[2].position);
  list.add_text("square");
  EXPECT_GT(list.tokens()[3].position, list.tokens()[2].position + 1);
}

TEST(SearchWords, KnowsAWordOnce) {
  WordList list;
  list.add_text("one two ONE");
  EXPECT_EQ(list.size(), 2U);
  EXPECT_EQ(list.find("one"), 0);
  EXPECT_EQ(list.find("two"), 1);
  EXPECT_EQ(list.find("three"), std::nullopt);
  list.clear();
  EXPECT_EQ(list.find("one"), std::nullopt);
  EXPECT_TRUE(list.empty());
}

TEST(SearchWords, SurvivesWhatIsNotUtf8) {
  EXPECT_THAT(words("good\xff\xfe bad\xc3"), ElementsAre("good", "bad"));
  EXPECT_THAT(words(std::string("nul\0byte", 8)), ElementsAre("nul", "byte"));
  EXPECT_THAT(words("\xed\xa0\x80ok"), ElementsAre("ok"));
}

TEST(SearchWords, IsBounded) {
  std::string different;
  for (int i = 0; i < 2000; ++i) different += "word" + std::to_string(i) + " ";
  WordList list;
  list.add_text(different);
  EXPECT_EQ(list.size(), WordList::kMaxDistinct);
  list.add_text("word1 more");
  EXPECT_EQ(list.find("more"), std::nullopt);
  list.clear();
  std::string same;
  while (same.size() < 200'000) same += "aa bb ";
  list.add_text(same);
  list.add_text(same);
  EXPECT_EQ(list.tokens().size(), WordList::kMaxTokens);
  list.clear();
  list.add_text(std::string(WordList::kMaxTextBytes, ' ') + "beyond");
  EXPECT_TRUE(list.empty());
}

TEST(SearchWords, BoundsAllTextsOfAnEventTogether) {
  WordList list;
  const std::string half(WordList::kMaxTextBytes / 2, ' ');
  list.add_text(half, true);
  list.add_text("title" + half.substr(5), true);
  list.add_text("beyond");
  EXPECT_EQ(list.find("title"), 0);
  EXPECT_EQ(list.find("beyond"), std::nullopt);
  list.clear();
  list.add_text("beyond");
  EXPECT_EQ(list.find("beyond"), 0) << "of the next event";
}

TEST(SearchWords, BoundsWhatFoldingMakesOfAText) {
  // Four primes in one code point.
  std::string text;
  while (text.size() < WordList::kMaxTextBytes - 100) text += "\u2057";
  ASSERT_EQ(words("\u2057 here"), words("here"));
  EXPECT_THAT(words(text + " beyond"), IsEmpty());
}

TEST(SearchWords, NobodyKnowsWhichWordsShareASlot) {
  // Of as many slots as the list has, what a hash that everybody can compute crowds into one.
  constexpr std::size_t kSlots = 2 * WordList::kMaxDistinct;
  std::set<std::uint64_t> slots;
  WordList list;
  for (std::size_t i = 0; list.size() < 64; ++i) {
    const std::string word = "w" + std::to_string(i);
    if (std::hash<std::string_view>()(word) % kSlots != 7) continue;
    ASSERT_TRUE(list.add(word, static_cast<std::uint32_t>(i), false));
    slots.insert(WordList::hash(word) % kSlots);
  }
  EXPECT_GT(slots.size(), 32U);
  EXPECT_EQ(WordList::hash("word"), WordList::hash("word"));
}

}  // namespace
}  // namespace pharos
