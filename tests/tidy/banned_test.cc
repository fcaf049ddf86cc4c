// Constructs that the project does not use, each with what stands in for it.

#include <gmock/gmock.h>

#include "source_tree.h"

namespace pharos::tidy {
namespace {

struct Ban {
  const char* pattern;
  const char* instead;
  std::vector<std::string> except;  // paths where it is right
};

const std::vector<Ban>& bans() {
  static const std::vector<Ban> list = {
      {R"(\b(TODO|FIXME|XXX)\b)", "do it now, or file an issue", {}},
      {R"(#if 0)", "delete the code; history keeps it", {}},
      {R"(\bassert\()", "PHAROS_FATAL_CHECK or PHAROS_DEBUG_CHECK (util/check.h)", {}},
      {R"(\bstd::(cout|cerr|clog)\b)", "fmt::print in app/commands, log elsewhere", {}},
      {R"(\b(printf|fprintf|puts)\()", "log (util/log.h)", {"src/util/check.cc", "src/app/"}},
      {R"(\bstd::mutex\b)", "Mutex (util/sync.h), so that clang checks the guards", {"src/util/sync.h"}},
      {R"(\bstd::recursive_mutex\b)", "split the function that needs the lock from the one that takes it", {}},
      {R"(\bstd::atomic<std::shared_ptr)", "Snapshot (util/snapshot.h)", {"src/util/snapshot.h"}},
      {R"(\.detach\(\))", "keep the std::thread and join it", {}},
      {R"(\bsleep_for\b|\busleep\(|\bsleep\()", "net::Timer, or wait on a condition", {}},
      {R"(\b(system_clock|steady_clock)::now\(\))",
       "an injected Clock (util/clock.h)",
       {"src/util/clock.h", "src/util/log.cc", "src/util/worker_pool.cc", "src/net/", "src/storage/writer",
        "src/storage/merger"}},
      {R"(\b(std::)?(rand|srand)\()", "Random (util/random.h)", {}},
      {R"(\bstd::regex\b)", "a hand-written scanner: std::regex recurses on its input", {}},
      {R"(\b(strcpy|strcat|sprintf|gets|atoi|atol|strtok)\()", "std::string, std::from_chars, fmt", {}},
      {R"(\bstd::(stoi|stol|stoll|stoul|stoull|stod)\b)", "std::from_chars: no exceptions on input", {}},
      {R"(\busing namespace\b)", "name what you use", {}},
      {R"(\bvolatile\b)", "std::atomic", {"src/nostr/schnorr"}},
      {R"(\bawaitable_operators\b)", "one timer and one operation, spelled out: || loses errors", {}},
      {R"(co_await[^;]*\[[^\]]+\])", "name the lambda, then await: gcc 12 destroys it twice otherwise", {}},
      {R"(\bstd::move_only_function\b|<expected>|<format>|<source_location>)",
       "not in gcc 12 with clang 14: see design",
       {}},
      {R"(\bgetenv\()",
       "settings (config), or the one place in app that reads credentials",
       {"src/app/", "src/config/"}},
  };
  return list;
}

TEST(Banned, SourcesKeepToTheHouseRules) {
  for (const Ban& ban : bans()) {
    const std::regex pattern(ban.pattern);
    for (const SourceFile& file : source_files()) {
      const bool excepted =
          std::ranges::any_of(ban.except, [&](const std::string& prefix) { return file.path.starts_with(prefix); });
      if (excepted) continue;
      for (std::size_t i = 0; i < file.lines.size(); ++i) {
        EXPECT_FALSE(std::regex_search(file.lines[i], pattern))
            << file.path << ":" << i + 1 << ": " << file.lines[i] << "\n  instead: " << ban.instead;
      }
    }
  }
}

TEST(Banned, HeadersBeginWithTheirContractAndAreIncludedOnce) {
  for (const SourceFile& file : source_files()) {
    if (!file.path.ends_with(".h")) continue;
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_TRUE(file.lines[0].starts_with("// ")) << file.path << ": open with what it is";
    EXPECT_THAT(file.lines, ::testing::Contains("#pragma once")) << file.path;
  }
}

TEST(Banned, TestsDoNotSleep) {
  const std::regex pattern(R"(\bsleep_for\b|\busleep\()");
  for (const SourceFile& file : files_below("tests", {".cc", ".h"})) {
    if (file.path.starts_with("tests/tidy/") || file.path.starts_with("tests/support/")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      EXPECT_FALSE(std::regex_search(file.lines[i], pattern))
          << file.path << ":" << i + 1 << ": await the condition (support/eventually.h)";
    }
  }
}

}  // namespace
}  // namespace pharos::tidy
