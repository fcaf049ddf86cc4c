// Lines of a file or of standard input, plain or zstd-compressed (told by the first four bytes), split at LF alone:
// JSON strings may hold U+2028 and the like. One thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "util/result.h"

namespace pharos::app {

class LineSource {
 public:
  // "-" is standard input. The failure names the file. Once stop is true nothing more is read or waited for, here as in
  // next(); nullptr for never. It outlives the source.
  static Result<std::unique_ptr<LineSource>, std::string> open(const std::filesystem::path& file,
                                                               const std::atomic<bool>* stop = nullptr);
  ~LineSource();

  enum class Next { line, end, too_long, failed, stopped };
  // The view lives until the next call. too_long: a line above the cap was skipped; the next call goes on behind it.
  Next next(std::string_view& line);
  // False when next() has to read, and from a pipe may wait, before it answers.
  bool has_line() const;

  const std::string& name() const;    // the file, for people
  std::uint64_t line_number() const;  // of the line given last, from 1
  std::uint64_t bytes_read() const;   // of the file, compressed or not
  std::uint64_t bytes_total() const;  // 0 when unknown (a pipe)
  const std::string& error() const;   // after failed

  static constexpr std::size_t kMaxLineBytes = 8U << 20U;

 private:
  struct Impl;
  explicit LineSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pharos::app
