#include "app/shell_program.h"

#include <algorithm>
#include <cctype>

namespace pharos::app {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kEnds = " \t\n;&|<>";
constexpr std::string_view kExpanded = "$`(){}*?[]~#!";

struct Word {
  std::string text;
  bool is_plain = true;  // nothing in it is expanded
};

bool is_assignment(std::string_view word) {
  const std::size_t end = word.find('=');
  if (end == 0 || end == std::string_view::npos || std::isdigit(static_cast<unsigned char>(word[0])) != 0) return false;
  return std::ranges::all_of(word.substr(0, end), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

// Takes the next word off; empty at the end of the command and before an operator.
Word take_word(std::string_view& rest) {
  Word word;
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  char quote = '\0';
  while (!rest.empty()) {
    const char c = rest.front();
    if (quote == '\0' && kEnds.find(c) != std::string_view::npos) break;
    rest.remove_prefix(1);
    if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (quote != '\'' && c == '\\' && !rest.empty()) {
      word.text += rest.front();
      rest.remove_prefix(1);
    } else {
      const std::string_view expanded = quote == '"' ? kExpanded.substr(0, 2) : kExpanded;
      if (quote != '\'' && expanded.find(c) != std::string_view::npos) word.is_plain = false;
      word.text += c;
    }
  }
  return word;
}

}  // namespace

std::optional<std::string> program_of(std::string_view command) {
  while (true) {
    Word word = take_word(command);
    const bool substitutes = word.text.find_first_of("(`") != std::string::npos && !word.is_plain;
    if (word.text.empty() || substitutes) return std::nullopt;
    if (word.text == "exec" || is_assignment(word.text)) continue;
    // One without a slash may be the shell's own, or the number of what is redirected.
    const bool is_path = word.text.find('/') != std::string::npos;
    if (!word.is_plain || !is_path) return std::nullopt;
    return std::move(word.text);
  }
}

}  // namespace pharos::app
