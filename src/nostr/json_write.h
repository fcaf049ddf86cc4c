// JSON text written by hand, in the one form that NIP-01 hashes. Any thread.
// Escapes: \n \" \\ \r \t \b \f; other bytes below 0x20 as lower-case \u00xx; everything else, U+007F too, verbatim.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nostr/tags.h"

namespace pharos {

// Appends the JSON string literal of text, quotes included, with the escapes above. text is valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

// How many bytes that appends.
std::size_t json_string_bytes(std::string_view text);

void append_json_integer(std::string& out, std::int64_t value);

// Appends the tags as a JSON array of arrays of strings.
void append_json_tags(std::string& out, const TagList& tags);
// How many bytes that appends.
std::size_t json_tags_bytes(const TagList& tags);

// Writes one object, its members in the order of the calls. What member() returns is where the value is appended.
class JsonObjectWriter {
 public:
  explicit JsonObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace pharos
