// Lines out and in again: plain, compressed, long, cut off.

#include <fstream>
#include <iterator>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/line_sink.h"
#include "app/line_source.h"
#include "support/read_file.h"
#include "support/temp_dir.h"
#include "util/random.h"

namespace pharos::app {
namespace {

using testing::read_file;

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
  for (std::size_t i = 0; i < 5'000; ++i) lines.push_back("line " + std::to_string(i) + std::string(i % 700, 'x'));
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
  const std::string bytes = read_file(dir.path() / "whole");
  std::ofstream(dir.path() / "cut", std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  auto source = LineSource::open(dir.path() / "cut");
  ASSERT_TRUE(source.has_value());
  std::string_view line;
  Next next = Next::line;
  while (next == Next::line) next = source.value()->next(line);
  EXPECT_EQ(next, Next::failed);
  EXPECT_THAT(source.value()->error(), ::testing::HasSubstr("cut"));
}

std::size_t entries_of(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

TEST(Lines, AFileIsReplacedOnlyByAFinishedOne) {
  const testing::TempDir dir;
  const auto file = dir.path() / "out";
  write_lines(file, {"before"}, false);
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  {
    auto abandoned = LineSink::open(file, false);
    ASSERT_TRUE(abandoned.has_value());
    ASSERT_TRUE(abandoned.value()->write(std::string(1'000'000, 'x')));
    EXPECT_EQ(read_file(file), "before\n");
  }
  EXPECT_EQ(read_file(file), "before\n");
  EXPECT_EQ(entries_of(dir.path()), 1U) << "the draft is gone";
  std::filesystem::create_symlink("out", dir.path() / "link");
  write_lines(dir.path() / "link", {"after"}, false);
  EXPECT_TRUE(std::filesystem::is_symlink(dir.path() / "link"));
  EXPECT_EQ(read_file(file), "after\n");
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(entries_of(dir.path()), 2U);
}

TEST(Lines, ANewFileHasTheModeThatTheUmaskLeaves) {
  const testing::TempDir dir;
  const mode_t before = ::umask(0027);
  write_lines(dir.path() / "narrow", {"a"}, false);
  ::umask(0002);
  write_lines(dir.path() / "wide", {"a"}, false);
  ::umask(before);
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(dir.path() / "narrow").permissions()), 0640U);
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(dir.path() / "wide").permissions()), 0664U);
}

TEST(Lines, GzipIsRefusedWithTheWayAround) {
  const testing::TempDir dir;
  const auto file = dir.path() / "events.jsonl.gz";
  std::ofstream(file, std::ios::binary) << "\x1f\x8b\x08 and so on\n";
  const auto source = LineSource::open(file);
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error(),
            file.string() + ": gzip is not read; pipe it: zcat " + file.string() + " | pharos import -");
}

TEST(Lines, GoToWhatOnlyTakesBytes) {
  write_lines("/dev/null", {"a"}, false);
  const testing::TempDir dir;
  const auto pipe = dir.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = read_file(pipe); });
  write_lines(pipe, {"a", "b"}, false);
  reader.join();
  EXPECT_EQ(got, "a\nb\n");
}

TEST(Lines, WhatThisProcessHasOpenIsWrittenToAndNeverReplaced) {
  const testing::TempDir dir;
  const auto file = dir.path() / "log";
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(descriptor, 0);
  ASSERT_EQ(::write(descriptor, "before\n", 7), 7);
  std::filesystem::create_symlink("/dev/fd/" + std::to_string(descriptor), dir.path() / "link");
  write_lines("/proc/self/fd/" + std::to_string(descriptor), {"a"}, false);
  write_lines("/dev/fd/" + std::to_string(descriptor), {"b"}, false);
  write_lines(dir.path() / "link", {"c"}, false);
  ASSERT_EQ(::write(descriptor, "after\n", 6), 6);
  EXPECT_EQ(read_file(file), "before\na\nb\nc\nafter\n");
  EXPECT_TRUE(std::filesystem::is_symlink(dir.path() / "link"));
  // As where a test harness has unlinked what it reads.
  std::filesystem::remove(file);
  write_lines(dir.path() / "link", {"nowhere"}, false);
  EXPECT_EQ(entries_of(dir.path()), 1U);
  ::close(descriptor);
}

TEST(Lines, AFileThatIsThereIsRefusedWhereItIsNotToBeReplaced) {
  const testing::TempDir dir;
  const auto file = dir.path() / "out";
  write_lines(file, {"before"}, false);
  const auto refused = LineSink::open(file, false, LineSink::Existing::refused);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), file.string() + ": it is there already; --force replaces it");
  EXPECT_EQ(read_file(file), "before\n");
  EXPECT_TRUE(LineSink::open(dir.path() / "new", false, LineSink::Existing::refused).has_value());
  EXPECT_TRUE(LineSink::open("/dev/null", false, LineSink::Existing::refused).has_value());
  std::filesystem::create_symlink("missing", dir.path() / "link");
  const auto nowhere = LineSink::open(dir.path() / "link", false);
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_THAT(nowhere.error(), ::testing::HasSubstr("leads nowhere"));
}

TEST(Lines, AFileThatCameMeanwhileStaysWhereItIsNotToBeReplaced) {
  const testing::TempDir dir;
  const auto file = dir.path() / "out";
  auto sink = LineSink::open(file, false, LineSink::Existing::refused);
  ASSERT_TRUE(sink.has_value());
  EXPECT_TRUE(sink.value()->write("mine\n"));
  std::ofstream(file) << "theirs\n";
  const auto finished = sink.value()->finish();
  ASSERT_FALSE(finished.has_value());
  sink.value().reset();
  EXPECT_EQ(read_file(file), "theirs\n");
  const std::string draft = file.string() + "." + std::to_string(::getpid()) + ".part";
  EXPECT_EQ(finished.error(),
            file.string() + ": it has come meanwhile and stays as it is; what was to be written is in " + draft);
  EXPECT_EQ(read_file(draft), "mine\n");
  std::filesystem::remove(file);
  std::filesystem::remove(draft);
  auto free = LineSink::open(file, false, LineSink::Existing::refused);
  ASSERT_TRUE(free.has_value());
  EXPECT_TRUE(free.value()->write("mine\n") && free.value()->finish());
  EXPECT_EQ(read_file(file), "mine\n");
  EXPECT_EQ(entries_of(dir.path()), 1U);
}

TEST(Lines, APipeThatNobodyWritesToIsNotWaitedForOnceItIsToStop) {
  const testing::TempDir dir;
  const auto pipe = dir.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::atomic<bool> stop{true};
  const auto source = LineSource::open(pipe, &stop);
  ASSERT_TRUE(source.has_value());
  std::string_view line;
  EXPECT_EQ(source.value()->next(line), Next::stopped);
}

TEST(Lines, AFailedWriteIsToldAtTheEndToo) {
  for (const bool zstd : {false, true}) {
    auto sink = LineSink::open("/dev/full", zstd);
    ASSERT_TRUE(sink.has_value());
    std::string noise(1'000'000, ' ');
    SeededRandom random(1);
    random.fill({reinterpret_cast<std::uint8_t*>(noise.data()), noise.size()});
    EXPECT_FALSE(sink.value()->write(noise));
    EXPECT_FALSE(sink.value()->write(noise));
    const auto finished = sink.value()->finish();
    ASSERT_FALSE(finished.has_value());
    EXPECT_THAT(finished.error(), ::testing::HasSubstr("/dev/full"));
    EXPECT_EQ(finished.error(), sink.value()->error());
  }
}

TEST(Lines, AMissingFileIsNamed) {
  const auto source = LineSource::open("/nonexistent/events.jsonl");
  ASSERT_FALSE(source.has_value());
  EXPECT_THAT(source.error(), ::testing::HasSubstr("/nonexistent/events.jsonl"));
}

}  // namespace
}  // namespace pharos::app
