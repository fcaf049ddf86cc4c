#include "nostr/search_words.h"

#include <algorithm>
#include <span>

#include <utf8proc.h>

#include "util/bytes.h"
#include "util/random.h"
#include "util/release_memory.h"
#include "util/siphash.h"

namespace pharos {
namespace {

using CodePoint = utf8proc_int32_t;

// Raised when other words come of a text.
constexpr std::string_view kRules = "2";

constexpr std::size_t kShortestWord = 2;
constexpr std::size_t kLongestWord = 32;
constexpr std::size_t kLongestRun = 256;
// Between two texts of one list.
constexpr std::uint32_t kGap = 8;
constexpr std::size_t kKeptBytes = 64 * 1024;
// Some code points come to eighteen when they are folded; text that has nothing else is cut off there.
constexpr std::size_t kMostCodePoints = 64 * 1024;

constexpr CodePoint kSeparator = ' ';

bool is_ascii(CodePoint c) { return c < 0x80; }
bool is_space(CodePoint c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_ascii_word(CodePoint c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_between(CodePoint c, CodePoint first, CodePoint last) { return c >= first && c <= last; }

// Han, kana, Hangul, and the scripts of South East Asia.
bool is_spaceless(CodePoint c) {
  if (c < 0x0E00) return false;
  return is_between(c, 0x0E00, 0x0EFF) || is_between(c, 0x1000, 0x109F) || is_between(c, 0x1780, 0x17FF) ||
         is_between(c, 0x3005, 0x3007) || is_between(c, 0x3040, 0x30FF) || is_between(c, 0x31F0, 0x31FF) ||
         is_between(c, 0x3400, 0x4DBF) || is_between(c, 0x4E00, 0x9FFF) || is_between(c, 0xAC00, 0xD7A3) ||
         is_between(c, 0x20000, 0x3FFFF);
}

bool is_word(CodePoint c) {
  if (is_ascii(c)) return is_ascii_word(c);
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

// Accents of Latin, Greek and Cyrillic, points of Hebrew, vowel signs of Arabic: they come and go with the writer.
// Those of other scripts are letters to their readers. By their canonical combining class.
bool is_accent(CodePoint c) {
  const utf8proc_propval_t combining = utf8proc_get_property(c)->combining_class;
  return combining == 1 || (combining >= 10 && combining <= 35) || combining >= 200;
}

// Letters that Unicode does not take apart, and readers do.
CodePoint without_stroke(CodePoint c) {
  switch (c) {
    case 0x0131:  // dotless i, as a capital the same as i
      return 'i';
    case 0x0142:
      return 'l';
    case 0x00F8:
      return 'o';
    case 0x0111:
      return 'd';
    case 0x0640:  // tatweel, which stretches a word
      return 0;
    default:
      return c;
  }
}

void fold_one(CodePoint c, std::vector<CodePoint>& out) {
  if (is_between(c, 0xAC00, 0xD7A3)) return out.push_back(c);
  constexpr int kOptions = UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
  std::array<CodePoint, 32> parts;
  int boundary = UTF8PROC_BOUNDCLASS_START;
  const utf8proc_ssize_t count = utf8proc_decompose_char(c, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()),
                                                         static_cast<utf8proc_option_t>(kOptions), &boundary);
  if (count < 0 || static_cast<std::size_t>(count) > parts.size()) return out.push_back(kSeparator);
  for (const CodePoint part : std::span(parts).first(static_cast<std::size_t>(count))) {
    if (is_accent(part)) continue;
    const CodePoint plain = without_stroke(part);
    if (plain != 0) out.push_back(plain);
  }
}

// Replaces out by the folded code points of the text, the first kMostCodePoints or a few more.
void fold(std::string_view text, std::vector<CodePoint>& out) {
  out.clear();
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  bool is_plain = true;
  for (std::size_t i = 0; i < text.size() && out.size() < kMostCodePoints;) {
    const std::uint8_t byte = bytes[i];
    if (byte < 0x80) {
      out.push_back(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
      ++i;
      continue;
    }
    is_plain = false;
    CodePoint c = 0;
    const utf8proc_ssize_t taken = utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &c);
    if (taken <= 0) {
      out.push_back(kSeparator);
      ++i;
      continue;
    }
    fold_one(c, out);
    i += static_cast<std::size_t>(taken);
  }
  if (is_plain) return;
  // Kana and Hangul that came in parts are letters again; accents are gone by now.
  const utf8proc_ssize_t size =
      utf8proc_normalize_utf32(out.data(), static_cast<utf8proc_ssize_t>(out.size()), UTF8PROC_COMPOSE);
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
}

class TextSplitter {
 public:
  TextSplitter(std::span<const CodePoint> text, std::uint32_t position, bool is_title, WordList& out)
      : text_(text), position_(position), is_title_(is_title), out_(out) {}

  // Returns the position behind the last word.
  std::uint32_t run() {
    std::size_t at = 0;
    while (at < text_.size() && !full_) {
      if (at == 0 || !is_solid(at - 1)) {
        const std::size_t end = end_of_run(at);
        if (end - at > kLongestRun) {
          at = end;
          ++position_;
          continue;
        }
      }
      at = is_word(text_[at]) ? take(at) : at + 1;
    }
    return position_;
  }

 private:
  bool is_solid(std::size_t at) const { return is_ascii(text_[at]) && !is_space(text_[at]); }
  std::size_t end_of_run(std::size_t at) const {
    while (at < text_.size() && is_solid(at)) ++at;
    return at;
  }
  std::size_t end_of_word(std::size_t at) const {
    const bool spaceless = is_spaceless(text_[at]);
    while (at < text_.size() && is_word(text_[at]) && is_spaceless(text_[at]) == spaceless) ++at;
    return at;
  }
  bool stands(std::size_t at, std::string_view ascii) const {
    if (text_.size() - at < ascii.size()) return false;
    return std::ranges::equal(text_.subspan(at, ascii.size()), ascii,
                              [](CodePoint c, char wanted) { return c == static_cast<unsigned char>(wanted); });
  }
  std::string_view scheme(std::size_t at) const {
    for (const std::string_view known : {"https://", "http://", "wss://", "ws://", "ftp://"}) {
      if (stands(at, known)) return known;
    }
    return {};
  }
  bool is_reference(std::size_t at) const {
    return stands(at, "nostr:n") && at + 7 < text_.size() && is_ascii_word(text_[at + 7]);
  }

  std::size_t take(std::size_t at) {
    const bool begins = at == 0 || !is_word(text_[at - 1]);
    if (begins) {
      if (is_reference(at)) {
        ++position_;
        for (at += 6; at < text_.size() && is_ascii_word(text_[at]);) ++at;
        return at;
      }
      if (const std::string_view known = scheme(at); !known.empty()) return take_url(at + known.size());
    }
    const std::size_t end = end_of_word(at);
    take_word(at, end);
    return end;
  }

  std::size_t take_url(std::size_t at) {
    while (at < text_.size() && is_solid(at) && text_[at] != '/' && text_[at] != '?' && text_[at] != '#') {
      if (!is_word(text_[at])) {
        ++at;
        continue;
      }
      const std::size_t end = end_of_word(at);
      take_word(at, end);
      at = end;
    }
    for (; at < text_.size() && is_solid(at); ++at) {
      if (text_[at] == '"' || text_[at] == '<' || text_[at] == '>' || text_[at] == ')') break;
    }
    return at;
  }

  void take_word(std::size_t begin, std::size_t end) {
    if (is_spaceless(text_[begin])) {
      if (end - begin == 1) return add(begin, end);
      for (std::size_t at = begin; at + 1 < end && !full_; ++at) add(at, at + 2);
      return;
    }
    if (end - begin < kShortestWord || end - begin > kLongestWord) {
      ++position_;
      return;
    }
    add(begin, end);
  }

  void add(std::size_t begin, std::size_t end) {
    std::array<utf8proc_uint8_t, 4 * kLongestWord> word;
    std::size_t size = 0;
    for (const CodePoint c : text_.subspan(begin, end - begin)) {
      size += static_cast<std::size_t>(utf8proc_encode_char(c, word.data() + size));
    }
    full_ = !out_.add(as_text({word.data(), size}), position_++, is_title_);
  }

  const std::span<const CodePoint> text_;
  std::uint32_t position_;
  const bool is_title_;
  WordList& out_;
  bool full_ = false;
};

}  // namespace

std::uint64_t WordList::hash(std::string_view word) {
  static const SipKey secret = [] {
    SipKey key{};
    SystemRandom().fill(key);
    return key;
  }();
  return siphash(secret, as_bytes(word));
}

std::size_t WordList::slot(std::string_view word) const {
  std::size_t at = hash(word) % kSlots;
  while (slots_[at] != kNone && (*this)[slots_[at]] != word) at = (at + 1) % kSlots;
  return at;
}

std::optional<std::uint16_t> WordList::find(std::string_view word) const {
  const std::uint16_t found = slots_[slot(word)];
  return found == kNone ? std::nullopt : std::optional(found);
}

bool WordList::add(std::string_view word, std::uint32_t position, bool in_title) {
  if (tokens_.size() == kMaxTokens) return false;
  std::uint16_t& known = slots_[slot(word)];
  if (known == kNone) {
    if (distinct_.size() == kMaxDistinct) return false;
    known = static_cast<std::uint16_t>(distinct_.size());
    distinct_.push_back({static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(word.size())});
    bytes_.append(word);
  }
  tokens_.push_back({position, known, in_title});
  next_position_ = position + kGap;
  return true;
}

void WordList::add_text(std::string_view text, bool is_title) {
  thread_local std::vector<CodePoint> folded;
  text = text.substr(0, text_left_);
  text_left_ -= text.size();
  fold(text, folded);
  next_position_ = TextSplitter(folded, next_position_, is_title, *this).run() + kGap;
  if (folded.capacity() > kMostCodePoints) release_memory(folded);
}

void WordList::clear() {
  if (!distinct_.empty()) slots_.fill(kNone);
  distinct_.clear();
  tokens_.clear();
  bytes_.clear();
  if (bytes_.capacity() > kKeptBytes) release_memory(bytes_);
  next_position_ = 0;
  text_left_ = kMaxTextBytes;
}

std::string word_rules() { return std::string(kRules) + " " + utf8proc_unicode_version(); }

}  // namespace pharos
