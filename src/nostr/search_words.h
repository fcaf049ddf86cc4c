// The words of a text as search compares them (NIP-50): folded, so that case, accents and compatibility forms make no
// difference, and bounded, whatever the text. Pure; any thread.
//
//   letters and digits in a row      a word of 2 to 32 code points; longer and shorter ones are passed over
//   scripts without spaces, Hangul   each two neighbours, since where a word ends is not written; one alone as it is
//   a URL                            the words of its host: paths are names of files more often than not
//   a nostr: reference               nothing, and no more of unbroken runs of over 256 code points (keys, data: URIs)
//   all else, emoji too              what ends a word
//
// Text that is not UTF-8 ends a word where it is damaged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pharos {

// The words of an event or a question. Reused, it allocates nothing.
class WordList {
 public:
  // Further ones are not known: what comes after is left out as a whole.
  static constexpr std::size_t kMaxDistinct = 512;
  static constexpr std::size_t kMaxTokens = 8192;

  struct Token {
    std::uint32_t position = 0;  // neighbours in the text have numbers that follow one another; ascending
    std::uint16_t word = 0;      // which of the distinct ones
    bool in_title = false;
  };

  // How many different words.
  std::size_t size() const { return distinct_.size(); }
  bool empty() const { return distinct_.empty(); }
  // The i-th that is new.
  std::string_view operator[](std::size_t i) const {
    return std::string_view(bytes_).substr(distinct_[i].begin, distinct_[i].size);
  }
  const std::vector<Token>& tokens() const { return tokens_; }
  std::optional<std::uint16_t> find(std::string_view word) const;

  // Appends the words of the text, which are no neighbours of what is there. Of all texts since the last clear() the
  // first kMaxTextBytes are read: an event may have many.
  void add_text(std::string_view text, bool is_title = false);
  static constexpr std::size_t kMaxTextBytes = 64 * 1024;

  // Keeps the capacity, up to what most texts take.
  void clear();

  // One word, folded. False when there is no room for it. What follows comes at a later position.
  bool add(std::string_view word, std::uint32_t position, bool in_title);

  // What finds a word's slot: under a secret of the process, for who writes events may write words that share one. It
  // is never stored; the index on disk has a hash under the database's own secret (storage/keys.h).
  static std::uint64_t hash(std::string_view word);

 private:
  struct Distinct {
    std::uint32_t begin;
    std::uint32_t size;
  };
  static constexpr std::size_t kSlots = 2 * kMaxDistinct;
  static constexpr std::uint16_t kNone = 0xFFFF;

  // Where the word is, or where it belongs.
  std::size_t slot(std::string_view word) const;

  std::string bytes_;
  std::vector<Distinct> distinct_;
  std::vector<Token> tokens_;
  std::array<std::uint16_t, kSlots> slots_ = filled();
  std::uint32_t next_position_ = 0;
  std::size_t text_left_ = kMaxTextBytes;

  static constexpr std::array<std::uint16_t, kSlots> filled() {
    std::array<std::uint16_t, kSlots> slots{};
    slots.fill(kNone);
    return slots;
  }
};

// Names the rules by which texts are split, and the version of Unicode behind them: words of other rules are not to be
// compared with these.
std::string word_rules();

}  // namespace pharos
