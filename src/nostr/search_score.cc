#include "nostr/search_score.h"

#include <algorithm>
#include <cmath>

namespace pharos {
namespace {

// Of BM25, with the values it is commonly given; a note has some thirty words.
constexpr float kSaturation = 1.2F;
constexpr float kLengthMatters = 0.75F;
constexpr float kUsualLength = 30;

constexpr float kTimesInTitle = 3;
constexpr float kStep = 20;

SearchQuery::Phrase whole_question(const SearchQuery& query) {
  SearchQuery::Phrase phrase;
  for (const std::string& word : query.spoken) phrase.push_back({word, static_cast<std::uint32_t>(phrase.size())});
  return phrase;
}

bool is_title(const SearchQuery& query, const WordList& words) {
  const std::vector<WordList::Token>& tokens = words.tokens();
  const auto begins = [&](std::size_t i) { return i == 0 || tokens[i - 1].position + 1 != tokens[i].position; };
  for (std::size_t i = 0; i + query.spoken.size() <= tokens.size(); ++i) {
    const std::size_t end = i + query.spoken.size();
    if (!tokens[i].in_title || !begins(i) || (end < tokens.size() && !begins(end))) continue;
    std::size_t same = 0;
    while (same < query.spoken.size() && words[tokens[i + same].word] == query.spoken[same] &&
           (same == 0 || !begins(i + same))) {
      ++same;
    }
    if (same == query.spoken.size()) return true;
  }
  return false;
}

}  // namespace

float word_weight(std::uint64_t events, std::uint64_t all) {
  const float rare = (static_cast<float>(std::max(events, all)) + 1) / (static_cast<float>(events) + 1);
  return std::log(1 + rare);
}

SearchScore search_score(const SearchQuery& query, const WordList& words, std::span<const float> weights) {
  if (query.words.empty()) return 0;
  const float length = static_cast<float>(words.tokens().size()) / kUsualLength;
  const float held_back = kSaturation * (1 - kLengthMatters + kLengthMatters * length);
  float sum = 0;
  float most = 0;
  bool all_in_title = true;
  for (std::size_t i = 0; i < query.words.size(); ++i) {
    const auto word = words.find(query.words[i]);
    float times = 0;
    bool in_title = false;
    for (const WordList::Token& token : words.tokens()) {
      if (token.word != word) continue;
      times += token.in_title ? kTimesInTitle : 1;
      in_title = in_title || token.in_title;
    }
    all_in_title = all_in_title && in_title;
    sum += weights[i] * times / (times + held_back);
    most += weights[i];
  }
  float score = sum / most;
  if (query.spoken.size() > 1 && holds_phrase(words, whole_question(query))) score += 0.5F;
  if (all_in_title) score += 0.25F;
  if (all_in_title && is_title(query, words)) score += 0.25F;
  return static_cast<SearchScore>(std::lround(score * kStep));
}

}  // namespace pharos
