// Every test file stands where the build picks it up, so none is silently left out.

#include <set>

#include <gmock/gmock.h>

#include "source_tree.h"

namespace pharos::tidy {
namespace {

TEST(Registered, EveryTestFileIsBuilt) {
  std::set<std::string> layers;
  for (const auto& entry : std::filesystem::directory_iterator(root() / "src")) {
    if (entry.is_directory()) layers.insert(entry.path().filename().string());
  }
  for (const SourceFile& file : files_below("tests", {".cc"})) {
    const std::string place = layer_of(file.path);
    const std::string name = std::filesystem::path(file.path).filename().string();
    if (place == "unit") {
      EXPECT_TRUE(name.ends_with("_test.cc")) << file.path;
      EXPECT_TRUE(layers.contains(layer_of(file.path.substr(file.path.find('/') + 1)))) << file.path;
    } else if (place == "integration" || place == "tidy") {
      EXPECT_TRUE(name.ends_with("_test.cc")) << file.path;
      EXPECT_EQ(std::ranges::count(file.path, '/'), 2) << file.path;
    } else if (place == "fuzz") {
      EXPECT_TRUE(name.ends_with("_fuzz.cc")) << file.path;
    } else if (place == "bench") {
      EXPECT_EQ(std::ranges::count(file.path, '/'), 2) << file.path;
    } else {
      EXPECT_EQ(place, "support") << file.path << " stands where nothing builds it";
    }
  }
}

TEST(Registered, EveryTestFileHasATest) {
  for (const char* folder : {"tests/unit", "tests/integration", "tests/tidy", "tests/bench"}) {
    for (const SourceFile& file : files_below(folder, {"_test.cc"})) {
      const bool has = std::ranges::any_of(file.lines, [](const std::string& line) {
        return line.starts_with("TEST(") || line.starts_with("TEST_F(") || line.starts_with("TEST_P(") ||
               line.starts_with("TYPED_TEST(");
      });
      EXPECT_TRUE(has) << file.path;
    }
  }
}

TEST(Registered, EveryFuzzTargetHasACorpus) {
  for (const SourceFile& file : files_below("tests/fuzz", {"_fuzz.cc"})) {
    const std::string stem = std::filesystem::path(file.path).stem().string();
    const auto corpus = root() / "tests/fuzz/corpus" / stem.substr(0, stem.size() - 5);
    if (stem == "canary_fuzz") continue;
    EXPECT_TRUE(std::filesystem::exists(corpus) && !std::filesystem::is_empty(corpus)) << corpus;
  }
}

}  // namespace
}  // namespace pharos::tidy
