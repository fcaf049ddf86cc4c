// Words for the corpus: a small vocabulary in which few words are frequent and most are rare, so that it compresses
// as written text does. The same for the same source of randomness.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "util/random.h"

namespace pharos::bench {

// An index below count; n comes up about as 1 / (n + shift). A greater shift makes the first ones less dominant.
std::size_t zipf(Random& random, std::size_t count, double shift);

std::string_view some_word(Random& random);

// A hashtag; a few hundred exist.
std::string_view some_hashtag(Random& random);
std::string_view hashtag(std::size_t rank);

// About `bytes` of sentences; now and then a line break, a quotation, an emoji or a link.
void append_text(std::string& out, Random& random, std::size_t bytes);

// Exactly `count` characters of the alphabet of base64, as in encrypted content.
void append_noise(std::string& out, Random& random, std::size_t count);

}  // namespace pharos::bench
