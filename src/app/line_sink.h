// Where export writes: standard output, a file, or a device or pipe with a name, plain or zstd. Buffered, constant
// memory. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "util/result.h"

namespace pharos::app {

class LineSink {
 public:
  enum class Existing { refused, replaced };

  // "-" is standard output, and so are the names of what this process has open, such as /dev/stdout. A file is written
  // beside its name and takes it in finish(): until then, and for good when that does not come, what stood there stays.
  // existing: what becomes of a file that stands there.
  static Result<std::unique_ptr<LineSink>, std::string> open(const std::filesystem::path& file, bool zstd,
                                                             Existing existing = Existing::replaced);
  ~LineSink();

  // Whether it is a file, which comes to be in finish() or not at all.
  bool is_draft() const;
  // False once a write failed; see error().
  bool write(std::string_view bytes);
  // Ends the zstd frame, flushes and, for a file, syncs and renames. Fails with the first error of any write. Where
  // existing files are refused one that came since open() stays too, and what was written is left beside it.
  Result<void, std::string> finish();
  const std::string& error() const;  // empty while every write succeeded

 private:
  struct Impl;
  explicit LineSink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pharos::app
