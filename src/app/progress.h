// One line on a terminal that is redrawn in place while a long command works; nothing when standard error is not a
// terminal. One thread.
#pragma once

#include <string_view>

#include "util/clock.h"

namespace pharos::app {

class Progress {
 public:
  explicit Progress(const Clock& clock);
  // Takes the line away.
  ~Progress();

  // True when it is time for show(): a few times a second, and only on a terminal.
  bool due();
  void show(std::string_view line);
  void clear();

 private:
  const Clock& clock_;
  bool terminal_;
  bool shown_ = false;
  SteadyTime next_;
};

}  // namespace pharos::app
