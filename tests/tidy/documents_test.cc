// What the README files say about the tree is so: paths, the table of layers, the exit codes.

#include <map>
#include <set>

#include <gmock/gmock.h>

#include "source_tree.h"

namespace pharos::tidy {
namespace {

using Words = std::set<std::string>;

// All matches of the pattern's first group.
std::vector<std::string> found_in(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) found.push_back((*it)[1]);
  return found;
}

Words words(std::string text) {
  std::ranges::replace(text, ',', ' ');
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::vector<std::string> cells(const std::string& row) {
  std::vector<std::string> out;
  std::istringstream in(row);
  for (std::string cell; std::getline(in, cell, '|');) out.push_back(cell);
  return out;
}

// "relay/nips" stands for nips.h or nips.cc in any of the folders; "*_fsm" and the like for anything.
bool is_there(const std::string& path, const std::filesystem::path& folder) {
  if (path.find('*') != std::string::npos) return true;
  for (const auto& base : {root(), folder, root() / "src", root() / "tests"}) {
    for (const char* ending : {"", ".h", ".cc"}) {
      if (std::filesystem::exists(base / (path + ending))) return true;
    }
  }
  return false;
}

TEST(Documents, PathsInReadmeFilesExist) {
  // In code quotes, two parts or more, in small letters as this tree has them; what is made at run time is no part of
  // it.
  static const std::regex path(R"(`([a-z_.]+(?:/[a-z_.]+)+/?)`)");
  static const std::regex made(R"(^(\./)?(build|data)(/|$))");
  for (const SourceFile& readme : files_below(".", {"README.md"})) {
    if (readme.path.starts_with("build/")) continue;
    const std::string text = read_text(root() / readme.path);
    for (const std::string& named : found_in(text, path)) {
      if (std::regex_search(named, made)) continue;
      EXPECT_TRUE(is_there(named, (root() / readme.path).parent_path())) << readme.path << " names " << named;
    }
  }
}

TEST(Documents, TheTableOfLayersIsThatOfTheBuild) {
  std::map<std::string, Words> built;
  for (const std::string& line : split_lines(read_text(root() / "src/layers.txt"))) {
    if (line.empty() || line[0] == '#') continue;
    const auto columns = cells(line);
    built[*words(columns.at(0)).begin()] = words(columns.at(1));
  }
  std::map<std::string, Words> told;
  for (const std::string& line : split_lines(read_text(root() / "src/README.md"))) {
    const auto columns = cells(line);
    if (columns.size() != 4) continue;  // an empty one first
    const auto name = words(columns[1]);
    if (name.size() != 1 || !built.contains(*name.begin())) continue;
    Words below = words(columns[3]);
    if (below == Words{"-"}) below.clear();
    if (below == Words{"all"}) {
      for (const auto& [layer, ignored] : built) {
        if (layer != *name.begin()) below.insert(layer);
      }
      below.erase("all");
    }
    told[*name.begin()] = below;
  }
  EXPECT_EQ(told, built);
}

TEST(Documents, TheExitCodesToldAreThoseOfTheProgram) {
  const auto codes = found_in(read_text(root() / "src/app/exit_code.h"), std::regex(R"([a-z_]+ = (\d+),)"));
  std::string told = read_text(root() / "deploy/README.md");
  told = told.substr(told.find("Exit codes:"));
  told = told.substr(0, told.find("\n- "));
  const auto listed = found_in(told, std::regex(R"((?:^|[ \n])(\d+) [a-z])"));
  EXPECT_FALSE(codes.empty());
  EXPECT_EQ(listed, codes);
}

}  // namespace
}  // namespace pharos::tidy
