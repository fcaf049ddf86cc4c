// The `search` of a filter (NIP-50), taken apart. Pure; any thread.
//
//   word         every word has to be in the event; what search_words.h passes over is passed over here
//   "a phrase"   its words have to be there side by side; so do those of what has no spaces between them
//   -word        is not to be there
//   key:value    an extension; none is known here, so each is ignored, as the NIP asks
//
// A search of nothing but extensions asks for nothing: the filter matches as it would without. One that has text of
// which no word can be searched, such as "!" or a single letter, matches nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/search_words.h"
#include "util/result.h"

namespace pharos {

struct SearchQuery {
  struct PhraseWord {
    std::string word;
    std::uint32_t offset = 0;  // from the first
  };
  using Phrase = std::vector<PhraseWord>;

  static constexpr std::size_t kMaxBytes = 1024;
  static constexpr std::size_t kMaxWords = 32;  // those of phrases and those not wanted included

  std::string text;                 // as it came
  std::vector<std::string> words;   // each is to be there; every one once
  std::vector<Phrase> phrases;      // of two words at least
  std::vector<Phrase> excluded;     // of one word at least
  std::vector<std::string> spoken;  // the words in the order of the text, for the score
  bool asks_nothing = false;
  bool matches_nothing = false;
};

enum class SearchError { too_long, too_many_words };

Result<SearchQuery, SearchError> parse_search(std::string_view text);

bool matches(const SearchQuery& query, const WordList& words);

// Whether the words stand side by side, somewhere.
bool holds_phrase(const WordList& words, const SearchQuery::Phrase& phrase);

}  // namespace pharos
