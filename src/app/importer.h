// Brings JSON lines into the store through the ingest pipeline: bare events, or ["EVENT", event] and
// ["EVENT", subscription, event] arrays. White space around them and a byte order mark at the start of a file are
// passed over. Every line ends up in exactly one count. The caller's thread reads, the pipeline's pool parses and
// checks blocks of lines side by side; they are stored in the order of the file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/line_source.h"
#include "ingest/pipeline.h"
#include "util/clock.h"

namespace pharos::app {

// About the text that is parsed, checked and handed on as one.
inline constexpr std::size_t kImportBlockBytes = std::size_t{128} << 10;

struct ImportReport {
  struct Refusals {
    std::uint64_t count = 0;
    std::vector<std::string> first_lines;  // "file:line", a few
  };

  std::uint64_t lines = 0;  // without blank ones
  std::uint64_t stored = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t replaced = 0;  // a newer version is stored
  std::uint64_t ephemeral = 0;
  static constexpr std::size_t kReasons = static_cast<std::size_t>(ingest::Reason::overloaded) + 1;
  std::array<Refusals, kReasons> refused;

  std::uint64_t refused_total() const;
  // Of those, for want of room or by a fault of the disk.
  std::uint64_t not_written() const;
  // Several lines for people.
  std::string text(double seconds) const;
};

struct ImportOptions {
  std::size_t lines_shown_per_reason = 5;
  // The lines were checked once, by the relay that exported them: ids and signatures are believed.
  bool trusted = false;
  // Called for each refused line with its "file:line" and why, in no particular order, one call at a time, from any
  // thread; may be empty.
  std::function<void(std::string_view line, std::string_view why)> on_refused;
  bool show_progress = true;
};

// Reads to the end and waits until every event is decided: what is counted as stored is as durable as the store makes
// it. The failure names the file, and the line before which it was stopped; what was taken until then stays.
Result<void, std::string> import_lines(LineSource& lines, ingest::Pipeline& pipeline, const Clock& clock,
                                       const ImportOptions& options, ImportReport& report);

}  // namespace pharos::app
