// Small files: median at most 130 lines, 95 % at most 450, none above 700 without a reason below.

#include <map>

#include <gmock/gmock.h>

#include "source_tree.h"

namespace pharos::tidy {
namespace {

// path -> why it may be longer than 700 lines. Empty is the aim.
const std::map<std::string, std::string>& longer_with_a_reason() {
  static const std::map<std::string, std::string> list;
  return list;
}

TEST(Sizes, SourceFilesAreSmall) {
  std::vector<std::size_t> sizes;
  for (const SourceFile& file : source_files()) {
    sizes.push_back(file.lines.size());
    if (longer_with_a_reason().contains(file.path)) continue;
    EXPECT_LE(file.lines.size(), 700U) << file.path << ": split it";
  }
  std::ranges::sort(sizes);
  ASSERT_FALSE(sizes.empty());
  EXPECT_LE(sizes[sizes.size() / 2], 130U) << "median";
  EXPECT_LE(sizes[sizes.size() * 95 / 100], 450U) << "95th percentile";
}

TEST(Sizes, TheAllowListNamesOnlyLongFiles) {
  for (const auto& [path, reason] : longer_with_a_reason()) {
    EXPECT_GT(split_lines(read_text(root() / path)).size(), 700U) << path << " is short again: drop its row";
    EXPECT_FALSE(reason.empty()) << path;
  }
}

TEST(Sizes, LinesFitIn120Columns) {
  for (const SourceFile& file : files_below("src", {".h", ".cc"})) {
    bool table = false;  // rows of a table are longer than lines of code
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (file.lines[i].find("// clang-format o") != std::string::npos) table = file.lines[i].ends_with("off");
      if (table) continue;
      EXPECT_LE(file.lines[i].size(), 120U) << file.path << ":" << i + 1;
    }
  }
}

}  // namespace
}  // namespace pharos::tidy
