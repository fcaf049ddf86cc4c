#include "config/toml_text.h"

#include <algorithm>
#include <cstddef>

namespace pharos::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  std::optional<int> find() {
    skip(text_.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
    while (!text_.empty()) {
      const char c = text_.front();
      if (!is_ascii(c)) return line_;
      if (c == '#') {
        skip(text_.find('\n'));
      } else if (c == '"' || c == '\'') {
        if (!skip_string(c)) return line_;
      } else {
        skip(1);
      }
    }
    return std::nullopt;
  }

 private:
  void skip(std::size_t count) {
    count = std::min(count, text_.size());
    for (const char c : text_.substr(0, count)) line_ += c == '\n' ? 1 : 0;
    text_.remove_prefix(count);
  }

  // False at a stray character.
  bool skip_string(char quote) {
    const std::string_view triple = quote == '"' ? R"(""")" : "'''";
    const bool multi_line = text_.starts_with(triple);
    skip(multi_line ? 3 : 1);
    while (!text_.empty()) {
      if (multi_line && text_.starts_with(triple)) {
        // A string may end with up to two quotes of its own.
        skip(std::min<std::size_t>(text_.find_first_not_of(quote), 5));
        return true;
      }
      const char c = text_.front();
      if (!multi_line && c == '\n') return true;  // not closed: the parser says so
      skip(1);
      if (!multi_line && c == quote) return true;
      if (c == '\\' && quote == '"' && !skip_escape(multi_line)) return false;
    }
    return true;
  }

  bool skip_escape(bool multi_line) {
    constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";
    if (!multi_line || text_.find_first_of(kWhiteSpace) != 0) {
      if (!text_.empty() && !is_ascii(text_.front())) return false;
      skip(text_.starts_with('\n') ? 0 : 1);
      return true;
    }
    skip(text_.find_first_not_of(kWhiteSpace));
    return text_.empty() || is_ascii(text_.front());
  }

  std::string_view text_;
  int line_ = 1;
};

}  // namespace

std::optional<int> line_with_stray_character(std::string_view toml) { return Walk(toml).find(); }

}  // namespace pharos::config
