// --filter, --since and --until: which stored events a command is about.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "nostr/filter.h"
#include "util/result.h"

namespace pharos::app {

class Selection {
 public:
  void add_options(CLI::App& command);
  // The filters with the time range applied; {} when none is named. The failure says which argument is wrong.
  Result<std::vector<Filter>, std::string> filters() const;

 private:
  std::vector<std::string> filters_;
  std::string since_;
  std::string until_;
};

// Which second of its day a date without a time means: the first for a lower bound, the last for an upper one.
enum class DayBound { first_second, last_second };

// Unix seconds, or a UTC date such as 2026-01-31 or 2026-01-31T12:00:00Z.
std::optional<UnixSeconds> parse_time(const std::string& text, DayBound day = DayBound::first_second);

}  // namespace pharos::app
