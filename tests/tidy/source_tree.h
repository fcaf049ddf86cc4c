// The project's files as the tidy tests see them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace pharos::tidy {

struct SourceFile {
  std::string path;  // relative to the project, "src/nostr/event.h"
  std::vector<std::string> lines;
};

inline std::filesystem::path root() { return PHAROS_SOURCE_DIR; }

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Files below the folder (relative to the root) whose name ends with one of the endings, sorted by path.
inline std::vector<SourceFile> files_below(const std::string& folder, const std::vector<std::string>& endings) {
  std::vector<SourceFile> files;
  if (!std::filesystem::exists(root() / folder)) return files;
  for (auto it = std::filesystem::recursive_directory_iterator(root() / folder);
       it != std::filesystem::recursive_directory_iterator(); ++it) {
    if (it->path().filename() == "node_modules") {
      it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file()) continue;
    const std::string path = std::filesystem::relative(it->path(), root()).string();
    for (const std::string& ending : endings) {
      if (path.ends_with(ending)) {
        files.push_back({path, split_lines(read_text(it->path()))});
        break;
      }
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

inline std::vector<SourceFile> source_files() { return files_below("src", {".h", ".cc", ".def"}); }

struct Include {
  std::string target;
  bool quoted = false;
  std::size_t line = 0;
};

inline std::vector<Include> includes_of(const SourceFile& file) {
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> found;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch match;
    if (std::regex_search(file.lines[i], match, pattern)) found.push_back({match[2], match[1] == "\"", i + 1});
  }
  return found;
}

// "src/nostr/event.h" -> "nostr".
inline std::string layer_of(const std::string& path) {
  const auto begin = path.find('/') + 1;
  return path.substr(begin, path.find('/', begin) - begin);
}

}  // namespace pharos::tidy
