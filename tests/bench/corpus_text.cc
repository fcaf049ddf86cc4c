#include "bench/corpus_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace pharos::bench {
namespace {

constexpr std::size_t kWords = 4000;
constexpr std::size_t kHashtags = 300;
constexpr std::size_t kFirstHashtag = 200;  // the words before are too common to be one

constexpr std::array<std::string_view, 60> kCommon = {
    "the",  "to",   "and", "a",    "of",   "is",   "in",    "it",     "you",  "that", "for",   "on",
    "this", "are",  "be",  "with", "not",  "have", "we",    "but",    "as",   "what", "can",   "just",
    "so",   "they", "my",  "at",   "all",  "will", "your",  "from",   "if",   "do",   "about", "or",
    "like", "more", "no",  "how",  "when", "one",  "there", "people", "good", "out",  "up",    "time",
    "was",  "me",   "who", "has",  "an",   "by",   "get",   "now",    "them", "some", "would", "think"};
constexpr std::array<std::string_view, 24> kOnsets = {"b",  "br", "c", "ch", "d", "dr", "f", "g",
                                                      "gr", "h",  "j", "k",  "l", "m",  "n", "p",
                                                      "pl", "r",  "s", "st", "t", "tr", "v", "w"};
constexpr std::array<std::string_view, 10> kVowels = {"a", "e", "i", "o", "u", "ai", "ea", "ee", "ou", "io"};
constexpr std::array<std::string_view, 12> kCodas = {"", "", "", "n", "r", "s", "t", "l", "nd", "ck", "ng", "m"};

template <class List>
auto one_of(Random& random, const List& list) {
  return list[random.below(list.size())];
}

const std::vector<std::string>& vocabulary() {
  static const std::vector<std::string> words = [] {
    SeededRandom random(1);
    std::vector<std::string> made(kCommon.begin(), kCommon.end());
    while (made.size() < kWords) {
      std::string word;
      const std::size_t syllables = 1 + random.below(3);
      for (std::size_t i = 0; i < syllables; ++i) {
        word += one_of(random, kOnsets);
        word += one_of(random, kVowels);
        word += one_of(random, kCodas);
      }
      if (std::ranges::find(made, word) == made.end()) made.push_back(std::move(word));
    }
    return made;
  }();
  return words;
}

}  // namespace

std::size_t zipf(Random& random, std::size_t count, double shift) {
  const double at = shift * (std::pow((static_cast<double>(count) + shift) / shift, random.unit()) - 1);
  return std::min(count - 1, static_cast<std::size_t>(at));
}

std::string_view some_word(Random& random) { return vocabulary()[zipf(random, kWords, 3)]; }

std::string_view hashtag(std::size_t rank) { return vocabulary()[kFirstHashtag + rank % kHashtags]; }

std::string_view some_hashtag(Random& random) { return hashtag(zipf(random, kHashtags, 3)); }

void append_text(std::string& out, Random& random, std::size_t bytes) {
  const std::size_t end = out.size() + bytes;
  bool begins = true;
  while (out.size() < end) {
    const std::size_t at = out.size();
    out += some_word(random);
    if (begins) out[at] = static_cast<char>(out[at] - 'a' + 'A');
    const std::uint64_t what = random.below(200);
    begins = what < 18;
    if (what < 14) {
      out += ". ";
    } else if (what < 16) {
      out += "!\n\n";
    } else if (what == 16) {
      out += " \xF0\x9F\xA4\x99\n";
    } else if (what == 17) {
      out += ". https://media.example/";
      append_noise(out, random, 20);
      out += ".jpg\n";
    } else if (what == 18) {
      out += " \"so\" ";
    } else {
      out += what < 28 ? ", " : " ";
    }
  }
}

void append_noise(std::string& out, Random& random, std::size_t count) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
  while (count > 0) {
    std::uint64_t bits = random.next_u64();
    for (int i = 0; i < 10 && count > 0; ++i, --count, bits >>= 6) out += kAlphabet[bits & 63];
  }
}

}  // namespace pharos::bench
