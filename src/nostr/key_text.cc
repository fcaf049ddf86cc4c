#include "nostr/key_text.h"

#include <algorithm>
#include <array>

#include "nostr/bech32.h"
#include "nostr/nip19.h"
#include "util/printable.h"

namespace pharos {
namespace {

constexpr std::size_t kHexDigits = 64;
// "npub" and "note" alike: the prefix, a 1, 32 bytes in groups of five bits and the checksum.
constexpr std::size_t kBareBech32 = 4 + 1 + 52 + 6;
constexpr std::array<std::string_view, 5> kPrefixes{"npub", "nprofile", "note", "nevent", "naddr"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string length_of(std::string_view text, std::size_t expected) {
  return "it has " + std::to_string(text.size()) + " characters instead of " + std::to_string(expected);
}

std::string character(std::string_view text, std::size_t at, const char* what) {
  return "character " + std::to_string(at + 1) + ", \"" + printable(text.substr(at, 1)) + "\", is " + what;
}

// Of a text that begins as one of NIP-19 does.
std::string wrong_with_bech32(std::string_view text, std::string_view prefix) {
  if (const auto at = foreign_to_bech32(text)) return character(text, *at, "none that can stand there");
  const bool is_bare = prefix == "npub" || prefix == "note";
  if (is_bare && text.size() != kBareBech32) return length_of(text, kBareBech32);
  const bool has_upper = std::ranges::any_of(text, is_upper);
  if (has_upper && std::ranges::any_of(text, is_lower)) return "upper and lower case are mixed";
  if (!decode_bech32(text)) return "its checksum does not fit, so some character is wrong or missing";
  const auto entity = parse_nip19(text);
  if (!entity) return std::string(describe(entity.error()));
  return std::string(prefix == "note" ? "that is a " : "that is an ") + std::string(prefix);
}

// "" where the text is like none of them.
std::string wrong_with(std::string_view text) {
  if (text.starts_with("nostr:")) return "leave out \"nostr:\"";
  const std::string folded = lower(text);
  for (const std::string_view prefix : kPrefixes) {
    if (folded.starts_with(std::string(prefix) + "1")) return wrong_with_bech32(text, prefix);
  }
  if (!text.empty() && std::ranges::all_of(text, is_hex) && text.size() != kHexDigits)
    return length_of(text, kHexDigits);
  if (text.size() != kHexDigits) return {};
  const auto foreign = std::ranges::find_if_not(text, is_hex);
  if (foreign != text.end()) {
    return character(text, static_cast<std::size_t>(foreign - text.begin()), "no hex digit");
  }
  const auto upper = std::ranges::find_if_not(text, is_lower_hex);
  return upper == text.end() ? "" : character(text, static_cast<std::size_t>(upper - text.begin()), "in upper case");
}

std::string why_none(std::string_view text, const char* what, const char* secret) {
  if (lower(text).find("nsec1") != std::string::npos) return std::string("that is a secret key, where ") + secret;
  const std::string wrong = wrong_with(text);
  return "\"" + printable(text) + "\" is neither 64 lower-case hex digits nor " + what +
         (wrong.empty() ? "" : ": " + wrong);
}

}  // namespace

std::string why_no_public_key(std::string_view text) {
  return why_none(text, "an npub or nprofile", "the public one (npub) is meant");
}

std::string why_no_event_id(std::string_view text) {
  return why_none(text, "a note or nevent", "an event's id is meant");
}

}  // namespace pharos
