#include "monitor/target_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <unordered_set>

#include "util/printable.h"

namespace pharos::monitor {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\f\v";
  const std::size_t from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

}  // namespace

TargetFile parse_target_file(std::string_view text, std::string_view path) {
  TargetFile out;
  std::unordered_set<std::string> seen;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++number;
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    auto url = RelayUrl::parse(line);
    if (!url) {
      ++out.bad_lines;
      if (out.errors.size() < kMaxReported)
        out.errors.push_back(std::string(path) + ":" + std::to_string(number) + ": " +
                             std::string(describe(url.error())) + ": " + printable(line));
      continue;
    }
    if (seen.insert(url.value().text()).second) out.urls.push_back(std::move(url).value());
  }
  return out;
}

Result<TargetFile, std::string> read_target_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(path + ": " + std::strerror(errno));
  std::string text;
  char block[16 * 1024];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxTargetFileBytes) return failure(path + ": larger than 16 MiB");
  }
  if (file.bad()) return failure(path + ": read error");
  return parse_target_file(text, path);
}

}  // namespace pharos::monitor
