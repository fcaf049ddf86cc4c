// How well an event that matches answers a search (NIP-50): the order of the answers. Pure; any thread.
//
// Between 0 and 1 for the words: each counts by how rare it is among all events, how often it stands in this one (in a
// title three times as much, with less for each further time) and how short the text is. Then
//   + 1/2   where all words stand side by side in the order of the question
//   + 1/4   where all stand in titles
//   + 1/4   where the question is the title
// The sum in steps of 1/20: what is about as good comes newest first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nostr/search_query.h"
#include "nostr/search_words.h"

namespace pharos {

using SearchScore = std::uint8_t;

// How much a word that stands in `events` events of `all` tells, above 0.
float word_weight(std::uint64_t events, std::uint64_t all);

// weights[i] is that of query.words[i]; the query matches the words.
SearchScore search_score(const SearchQuery& query, const WordList& words, std::span<const float> weights);

}  // namespace pharos
