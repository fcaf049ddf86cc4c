// A search and a text, separated by a line feed: both are taken apart within their bounds, what a text says is found in
// it, and scores stay in their range.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "nostr/search_query.h"
#include "nostr/search_score.h"
#include "nostr/search_words.h"
#include "util/bytes.h"
#include "util/check.h"
#include "util/utf8.h"

namespace {

constexpr std::size_t kMostWordBytes = 4 * 32;
constexpr unsigned kBestScore = 40;

void check_words(const pharos::WordList& words) {
  PHAROS_FATAL_CHECK(words.size() <= pharos::WordList::kMaxDistinct);
  PHAROS_FATAL_CHECK(words.tokens().size() <= pharos::WordList::kMaxTokens);
  for (std::size_t i = 0; i < words.size(); ++i) {
    PHAROS_FATAL_CHECK(!words[i].empty() && words[i].size() <= kMostWordBytes && pharos::is_utf8(words[i]));
    PHAROS_FATAL_CHECK(words.find(words[i]) == i);
  }
  for (std::size_t i = 1; i < words.tokens().size(); ++i) {
    PHAROS_FATAL_CHECK(words.tokens()[i - 1].position < words.tokens()[i].position);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = pharos::as_text({data, size});
  const std::size_t split = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(std::min(split + 1, input.size()));
  pharos::WordList words;
  words.add_text(text, true);
  words.add_text(text);
  check_words(words);

  const auto query = pharos::parse_search(input.substr(0, split));
  if (query && pharos::matches(query.value(), words)) {
    PHAROS_FATAL_CHECK(!query.value().matches_nothing);
    const std::vector<float> weights(query.value().words.size(), 1.5F);
    PHAROS_FATAL_CHECK(pharos::search_score(query.value(), words, weights) <= kBestScore);
  }

  if (text.find('"') != std::string_view::npos) return 0;
  const auto itself = pharos::parse_search('"' + std::string(text) + '"');
  if (!itself || itself.value().matches_nothing) return 0;
  PHAROS_FATAL_CHECK(pharos::matches(itself.value(), words));
  return 0;
}
