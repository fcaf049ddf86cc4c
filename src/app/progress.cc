#include "app/progress.h"

#include <fmt/format.h>
#include <unistd.h>

namespace pharos::app {
namespace {

Duration interval(bool is_terminal) {
  return is_terminal ? std::chrono::milliseconds(250) : std::chrono::milliseconds(30'000);
}

}  // namespace

Progress::Progress(const Clock& clock) : Progress(clock, stderr, ::isatty(STDERR_FILENO) == 1) {}

Progress::Progress(const Clock& clock, std::FILE* out, bool is_terminal)
    : clock_(clock), out_(out), is_terminal_(is_terminal), next_(clock.now() + interval(is_terminal)) {}

Progress::~Progress() { clear(); }

bool Progress::due() { return clock_.now() >= next_; }

void Progress::show(std::string_view line) {
  if (is_terminal_)
    fmt::print(out_, "\r\x1b[K{}", line);
  else
    fmt::print(out_, "{}\n", line);
  shown_ = is_terminal_;
  next_ = clock_.now() + interval(is_terminal_);
}

void Progress::clear() {
  if (shown_) fmt::print(out_, "\r\x1b[K");
  shown_ = false;
}

}  // namespace pharos::app
