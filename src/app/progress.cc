#include "app/progress.h"

#include <fmt/format.h>
#include <unistd.h>

namespace pharos::app {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(250);

}  // namespace

Progress::Progress(const Clock& clock)
    : clock_(clock), terminal_(::isatty(STDERR_FILENO) == 1), next_(clock.now() + kInterval) {}

Progress::~Progress() { clear(); }

bool Progress::due() { return terminal_ && clock_.now() >= next_; }

void Progress::show(std::string_view line) {
  fmt::print(stderr, "\r\x1b[K{}", line);
  shown_ = true;
  next_ = clock_.now() + kInterval;
}

void Progress::clear() {
  if (shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

}  // namespace pharos::app
