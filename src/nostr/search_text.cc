#include "nostr/search_text.h"

#include <string_view>

#include "nostr/json_reader.h"
#include "nostr/kind.h"

namespace pharos {
namespace {

enum class Part { none, title, body };

Part part_of_profile(std::string_view key) {
  if (key == "name" || key == "display_name" || key == "displayName" || key == "nip05") return Part::title;
  return key == "about" ? Part::body : Part::none;
}

Part part_of_tag(std::string_view name) {
  if (name == "title" || name == "subject" || name == "name") return Part::title;
  return name == "summary" || name == "description" ? Part::body : Part::none;
}

// Handler of json_reader.h.
class ProfileReader {
 public:
  explicit ProfileReader(WordList& out) : out_(out) {}

  void null() {}
  void boolean(bool) {}
  void number(std::string_view) {}
  void string(std::string_view text) {
    if (depth_ == 1 && part_ != Part::none) out_.add_text(text, part_ == Part::title);
  }
  void key(std::string_view text) {
    if (depth_ == 1) part_ = part_of_profile(text);
  }
  void begin_object() { ++depth_; }
  void end_object() { --depth_; }
  void begin_array() { ++depth_; }
  void end_array() { --depth_; }

 private:
  WordList& out_;
  int depth_ = 0;
  Part part_ = Part::none;
};

}  // namespace

void read_search_text(const Event& event, WordList& out) {
  out.clear();
  if (event.kind == kind::kProfile) {
    ProfileReader reader(out);
    if (read_json(event.content, reader) != JsonFault::none) out.clear();
    return;
  }
  for (const TagView tag : event.tags) {
    const Part part = part_of_tag(tag.name());
    if (part != Part::none && tag.size() > 1) out.add_text(tag[1], part == Part::title);
  }
  out.add_text(event.content);
}

}  // namespace pharos
