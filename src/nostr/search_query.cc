#include "nostr/search_query.h"

#include <algorithm>

namespace pharos {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_extension(std::string_view part) {
  const std::size_t colon = part.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == part.size() || !is_letter(part[0])) return false;
  if (part.substr(colon + 1).starts_with("//")) return false;
  return std::ranges::all_of(part.substr(0, colon), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

class SearchReader {
 public:
  explicit SearchReader(std::string_view text) { query_.text = text; }

  Result<SearchQuery, SearchError> read() {
    for (std::string_view part = next(); !part.empty(); part = next()) {
      if (!is_quoted_ && is_extension(part)) continue;
      has_text_ = true;
      take(part);
      if (count_ > SearchQuery::kMaxWords) return SearchError::too_many_words;
    }
    query_.asks_nothing = !has_text_;
    query_.matches_nothing = has_text_ && query_.words.empty() && query_.excluded.empty();
    return std::move(query_);
  }

 private:
  // What stands between spaces, or between quotation marks; "" at the end.
  std::string_view next() {
    const std::string_view text = query_.text;
    while (true) {
      while (at_ < text.size() && is_space(text[at_])) ++at_;
      is_excluded_ = at_ + 1 < text.size() && text[at_] == '-' && !is_space(text[at_ + 1]) && text[at_ + 1] != '-';
      if (is_excluded_) ++at_;
      is_quoted_ = at_ < text.size() && text[at_] == '"';
      if (is_quoted_) ++at_;
      const std::size_t begin = at_;
      while (at_ < text.size() && text[at_] != '"' && (is_quoted_ || !is_space(text[at_]))) ++at_;
      const std::string_view part = text.substr(begin, at_ - begin);
      if (is_quoted_ && at_ < text.size()) ++at_;
      if (!part.empty() || at_ == text.size()) return part;
    }
  }

  void take(std::string_view part) {
    words_.clear();
    words_.add_text(part);
    if (words_.empty()) return;
    count_ += words_.tokens().size();
    SearchQuery::Phrase phrase;
    for (const WordList::Token& token : words_.tokens()) {
      phrase.push_back({std::string(words_[token.word]), token.position - words_.tokens().front().position});
    }
    if (is_excluded_) return query_.excluded.push_back(std::move(phrase));
    for (const SearchQuery::PhraseWord& word : phrase) {
      query_.spoken.push_back(word.word);
      if (std::ranges::find(query_.words, word.word) == query_.words.end()) query_.words.push_back(word.word);
    }
    if (phrase.size() > 1) query_.phrases.push_back(std::move(phrase));
  }

  SearchQuery query_;
  WordList words_;  // of a part
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  bool is_quoted_ = false;
  bool is_excluded_ = false;
  bool has_text_ = false;
};

}  // namespace

Result<SearchQuery, SearchError> parse_search(std::string_view text) {
  if (text.size() > SearchQuery::kMaxBytes) return SearchError::too_long;
  return SearchReader(text).read();
}

bool holds_phrase(const WordList& words, const SearchQuery::Phrase& phrase) {
  using Word = decltype(WordList::Token::word);
  std::vector<Word> wanted;
  for (const SearchQuery::PhraseWord& one : phrase) {
    const auto word = words.find(one.word);
    if (!word) return false;
    wanted.push_back(static_cast<Word>(*word));
  }
  const std::vector<WordList::Token>& tokens = words.tokens();
  for (auto token = tokens.begin(); token != tokens.end(); ++token) {
    auto at = token;
    const auto stands = [&](std::size_t i) {
      const std::uint32_t position = token->position + phrase[i].offset;
      while (at != tokens.end() && at->position < position) ++at;
      return at != tokens.end() && at->position == position && at->word == wanted[i];
    };
    std::size_t standing = 0;
    while (standing < wanted.size() && stands(standing)) ++standing;
    if (standing == wanted.size()) return true;
  }
  return false;
}

bool matches(const SearchQuery& query, const WordList& words) {
  if (query.asks_nothing) return true;
  if (query.matches_nothing) return false;
  const auto stands = [&](const SearchQuery::Phrase& phrase) { return holds_phrase(words, phrase); };
  return std::ranges::all_of(query.words, [&](const std::string& word) { return words.find(word).has_value(); }) &&
         std::ranges::all_of(query.phrases, stands) && std::ranges::none_of(query.excluded, stands);
}

}  // namespace pharos
