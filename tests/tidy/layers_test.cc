// Includes obey src/layers.txt, its third-party column included, and no two files include each other in a ring.

#include <functional>
#include <map>
#include <set>

#include <gmock/gmock.h>

#include "source_tree.h"

namespace pharos::tidy {
namespace {

struct Row {
  std::set<std::string> below;
  std::vector<std::string> third_party;
};

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::map<std::string, Row> layer_table() {
  std::map<std::string, Row> table;
  for (const std::string& line : split_lines(read_text(root() / "src/layers.txt"))) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> columns;
    std::istringstream in(line);
    for (std::string column; std::getline(in, column, '|');) columns.push_back(column);
    columns.resize(3);
    const auto below = words(columns[1]);
    table[words(columns[0]).at(0)] = {{below.begin(), below.end()}, words(columns[2])};
  }
  return table;
}

// Headers of the standard library have no dot and no slash; the rest of the list is the C library and the kernel.
bool is_system(const std::string& header) {
  static const std::regex posix(
      R"(^(sys|netinet|arpa|linux|bits)/.*|^(unistd|fcntl|string|stdlib|pthread|signal|errno|poll|time|pwd|grp|netdb|dirent|sched|spawn|malloc|syscall)\.h$)");
  return header.find_first_of("./") == std::string::npos || std::regex_match(header, posix);
}

TEST(Layers, EveryFolderOfSrcHasARow) {
  const auto table = layer_table();
  for (const auto& entry : std::filesystem::directory_iterator(root() / "src")) {
    if (!entry.is_directory()) continue;
    EXPECT_TRUE(table.contains(entry.path().filename().string())) << entry.path();
  }
}

TEST(Layers, TheTableItselfHasNoRing) {
  const auto table = layer_table();
  std::set<std::string> above;
  // Rows stand in order: a layer may name only layers that stand above its row.
  for (const std::string& line : split_lines(read_text(root() / "src/layers.txt"))) {
    if (line.empty() || line[0] == '#') continue;
    const std::string layer = words(line).at(0);
    for (const std::string& below : table.at(layer).below)
      EXPECT_TRUE(above.contains(below)) << layer << " -> " << below;
    above.insert(layer);
  }
}

TEST(Layers, IncludesPointDown) {
  const auto table = layer_table();
  for (const SourceFile& file : source_files()) {
    const std::string layer = layer_of(file.path);
    for (const Include& include : includes_of(file)) {
      if (!include.quoted) continue;
      const std::string target = include.target.substr(0, include.target.find('/'));
      if (include.target.find('/') == std::string::npos) {
        const auto& allowed = table.at(layer).third_party;
        EXPECT_THAT(allowed, ::testing::Contains(include.target))
            << file.path << ":" << include.line << " includes \"" << include.target << "\": write \"folder/file.h\"";
        continue;
      }
      EXPECT_TRUE(target == layer || table.at(layer).below.contains(target))
          << file.path << ":" << include.line << ": " << layer << " may not include " << include.target;
    }
  }
}

TEST(Layers, ThirdPartyHeadersStayInTheirLayers) {
  const auto table = layer_table();
  for (const SourceFile& file : source_files()) {
    const auto& allowed = table.at(layer_of(file.path)).third_party;
    for (const Include& include : includes_of(file)) {
      if (include.quoted || is_system(include.target)) continue;
      const bool fine =
          std::ranges::any_of(allowed, [&](const std::string& prefix) { return include.target.starts_with(prefix); });
      EXPECT_TRUE(fine) << file.path << ":" << include.line << ": <" << include.target << "> is not for "
                        << layer_of(file.path) << " (src/layers.txt, third column)";
    }
  }
}

TEST(Layers, PrometheusStaysOutOfHeaders) {
  for (const SourceFile& file : source_files()) {
    if (!file.path.ends_with(".h")) continue;
    for (const Include& include : includes_of(file)) {
      EXPECT_FALSE(include.target.starts_with("prometheus/")) << file.path << ":" << include.line;
    }
  }
}

TEST(Layers, BoostAsioAndBeastStayOutOfTheHeadersThatOtherLayersSee) {
  std::map<std::string, SourceFile> by_name;
  for (const SourceFile& file : source_files()) by_name["src/" + file.path.substr(4)] = file;
  std::set<std::string> public_headers;
  for (const SourceFile& file : source_files()) {
    if (layer_of(file.path) == "net") continue;
    for (const Include& include : includes_of(file)) {
      if (include.target.starts_with("net/")) public_headers.insert("src/" + include.target);
    }
  }
  for (const std::string& header : public_headers) {
    for (const Include& include : includes_of(by_name.at(header))) {
      EXPECT_FALSE(include.target.starts_with("boost/")) << header << ":" << include.line;
    }
  }
}

// So that the source file shows that the header compiles alone.
TEST(Layers, OwnHeaderComesFirst) {
  for (const SourceFile& file : source_files()) {
    if (!file.path.ends_with(".cc")) continue;
    const std::string header = file.path.substr(0, file.path.size() - 2) + "h";
    if (!std::filesystem::exists(root() / header)) continue;
    const auto includes = includes_of(file);
    ASSERT_FALSE(includes.empty()) << file.path;
    EXPECT_EQ("src/" + includes.front().target, header) << file.path << ":" << includes.front().line;
  }
}

TEST(Layers, NoFilesIncludeEachOtherInARing) {
  std::map<std::string, std::vector<std::string>> graph;
  for (const SourceFile& file : source_files()) {
    for (const Include& include : includes_of(file)) {
      if (include.quoted) graph[file.path].push_back("src/" + include.target);
    }
  }
  std::map<std::string, int> colour;
  std::function<void(const std::string&, std::string)> visit = [&](const std::string& node, std::string trail) {
    colour[node] = 1;
    for (const std::string& next : graph[node]) {
      if (colour[next] == 1) ADD_FAILURE() << "include ring: " << trail << " -> " << next;
      if (colour[next] == 0) visit(next, trail + " -> " + next);
    }
    colour[node] = 2;
  };
  std::vector<std::string> nodes;
  for (const auto& [node, targets] : graph) nodes.push_back(node);
  for (const std::string& node : nodes) {
    if (colour[node] == 0) visit(node, node);
  }
}

}  // namespace
}  // namespace pharos::tidy
