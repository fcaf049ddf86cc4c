// How far a long command is: one line on a terminal, redrawn in place; where standard error is not a terminal a line
// every half a minute. One thread.
#pragma once

#include <cstdio>
#include <string_view>

#include "util/clock.h"

namespace pharos::app {

class Progress {
 public:
  explicit Progress(const Clock& clock);
  // To another place, for tests.
  Progress(const Clock& clock, std::FILE* out, bool is_terminal);
  // Takes the line away.
  ~Progress();

  // True when it is time for show(): a few times a second on a terminal.
  bool due();
  void show(std::string_view line);
  void clear();

 private:
  const Clock& clock_;
  std::FILE* const out_;
  const bool is_terminal_;
  bool shown_ = false;
  SteadyTime next_;
};

}  // namespace pharos::app
