// Lines out and in again: plain, compressed, long, cut off.

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "app/line_sink.h"
#include "app/line_source.h"
#include "support/temp_dir.h"

namespace pharos::app {
namespace {

using Next = LineSource::Next;

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  auto source = LineSource::open(file);
  EXPECT_TRUE(source.has_value());
  std::vector<std::string> lines;
  std::string_view line;
  while (source.value()->next(line) == Next::line) lines.emplace_back(line);
  return lines;
}

void write_lines(const std::filesystem::path& file, const std::vector<std::string>& lines, bool zstd) {
  auto sink = LineSink::open(file, zstd);
  ASSERT_TRUE(sink.has_value());
  for (const std::string& line : lines) ASSERT_TRUE(sink.value()->write(line + "\n"));
  ASSERT_TRUE(sink.value()->finish().has_value());
}

TEST(Lines, ComeBackAsWrittenPlainAndCompressed) {
  const testing::TempDir dir;
  std::vector<std::string> lines;
  for (int i = 0; i < 5'000; ++i) lines.push_back("line " + std::to_string(i) + std::string(i % 700, 'x'));
  for (const bool zstd : {false, true}) {
    const auto file = dir.path() / (zstd ? "compressed" : "plain");
    write_lines(file, lines, zstd);
    EXPECT_EQ(lines_of(file), lines);
  }
  EXPECT_LT(std::filesystem::file_size(dir.path() / "compressed"),
            std::filesystem::file_size(dir.path() / "plain") / 4);
}

TEST(Lines, TheLastOneNeedsNoNewlineAndEmptyOnesCount) {
  const testing::TempDir dir;
  std::ofstream(dir.path() / "file") << "a\n\nb";
  auto source = LineSource::open(dir.path() / "file");
  ASSERT_TRUE(source.has_value());
  std::string_view line;
  ASSERT_EQ(source.value()->next(line), Next::line);
  EXPECT_EQ(line, "a");
  ASSERT_EQ(source.value()->next(line), Next::line);
  EXPECT_EQ(line, "");
  ASSERT_EQ(source.value()->next(line), Next::line);
  EXPECT_EQ(line, "b");
  EXPECT_EQ(source.value()->line_number(), 3U);
  EXPECT_EQ(source.value()->next(line), Next::end);
}

TEST(Lines, OneAboveTheCapIsSkippedAndTheNextIsRead) {
  const testing::TempDir dir;
  std::ofstream(dir.path() / "file") << std::string(LineSource::kMaxLineBytes + 10, 'x') << "\nshort\n";
  auto source = LineSource::open(dir.path() / "file");
  ASSERT_TRUE(source.has_value());
  std::string_view line;
  EXPECT_EQ(source.value()->next(line), Next::too_long);
  EXPECT_EQ(source.value()->line_number(), 1U);
  ASSERT_EQ(source.value()->next(line), Next::line);
  EXPECT_EQ(line, "short");
  EXPECT_EQ(source.value()->line_number(), 2U);
  EXPECT_EQ(source.value()->next(line), Next::end);
}

TEST(Lines, ACompressedFileThatWasCutOffIsAFailure) {
  const testing::TempDir dir;
  std::vector<std::string> lines(20'000, "the same line over and over, with numbers 0123456789");
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i] += std::to_string(i * 7919);
  write_lines(dir.path() / "whole", lines, true);
  std::ifstream in(dir.path() / "whole", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  std::ofstream(dir.path() / "cut", std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  auto source = LineSource::open(dir.path() / "cut");
  ASSERT_TRUE(source.has_value());
  std::string_view line;
  Next next = Next::line;
  while (next == Next::line) next = source.value()->next(line);
  EXPECT_EQ(next, Next::failed);
  EXPECT_THAT(source.value()->error(), ::testing::HasSubstr("cut"));
}

TEST(Lines, AMissingFileIsNamed) {
  const auto source = LineSource::open("/nonexistent/events.jsonl");
  ASSERT_FALSE(source.has_value());
  EXPECT_THAT(source.error(), ::testing::HasSubstr("/nonexistent/events.jsonl"));
}

}  // namespace
}  // namespace pharos::app
