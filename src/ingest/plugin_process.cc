#include "ingest/plugin_process.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <signal.h>
#include <unistd.h>

#include "util/log.h"
#include "util/printable.h"

namespace pharos::ingest {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::chrono::seconds kGrace{1};
constexpr double kLinesPerSecond = 10;
constexpr double kBurstLines = 50;

}  // namespace

PluginLog::PluginLog(const Clock& clock) : clock_(clock), budget_(Rate::per_second(kLinesPerSecond, kBurstLines)) {}

void PluginLog::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    // One more than is shown, so that a cut between characters is found.
    line_ += part.substr(0, kMaxPrintableBytes + 1 - std::min(line_.size(), kMaxPrintableBytes + 1));
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    line_done();
  }
}

void PluginLog::line_done() {
  const std::string line = std::exchange(line_, {});
  if (line.empty()) return;
  if (!budget_.take(1, clock_.now())) {
    ++left_out_;
    return;
  }
  log::info("plugin", "on its standard error",
            {{"line", printable(line)}, {"left_out_before", std::exchange(left_out_, 0)}});
}

Result<std::unique_ptr<PluginProcess>, std::string> PluginProcess::start(const std::string& command,
                                                                         const Clock& clock) {
  PHAROS_TRY(auto child, ChildProcess::start({"/bin/sh", "-c", command}));
  return std::make_unique<PluginProcess>(std::move(child), clock);
}

PluginProcess::PluginProcess(std::unique_ptr<ChildProcess> child, const Clock& clock)
    : clock_(clock), child_(std::move(child)), log_(clock), buffer_(kReadBytes) {}

void PluginProcess::write(std::string&& lines) {
  unwritten_ = std::move(lines);
  written_ = 0;
  input_closed_ = !flush();
}

bool PluginProcess::flush() {
  while (written_ < unwritten_.size()) {
    const ssize_t n = ::write(child_->input(), unwritten_.data() + written_, unwritten_.size() - written_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    written_ += static_cast<std::size_t>(n);
  }
  unwritten_.clear();
  return true;
}

void PluginProcess::add_polled(std::vector<pollfd>& polled) const {
  if (kill_at_) return;
  polled.push_back({child_->output(), POLLIN, 0});
  if (!errors_closed_) polled.push_back({child_->errors(), POLLIN, 0});
  if (!unwritten_.empty()) polled.push_back({child_->input(), POLLOUT, 0});
}

std::string_view PluginProcess::read_from(int fd, bool& closed) {
  while (true) {
    const ssize_t n = ::read(fd, buffer_.data(), buffer_.size());
    if (n < 0 && errno == EINTR) continue;
    closed = n == 0 || (n < 0 && errno != EAGAIN);
    return {buffer_.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
  }
}

std::optional<std::string_view> PluginProcess::exchange() {
  if (!input_closed_ && !flush()) input_closed_ = true;
  if (!errors_closed_) log_.take(read_from(child_->errors(), errors_closed_));
  bool closed = false;
  const std::string_view bytes = read_from(child_->output(), closed);
  // What it printed before it closed its input still counts.
  if (closed || (input_closed_ && bytes.empty())) return std::nullopt;
  return bytes;
}

void PluginProcess::end() {
  kill_at_ = clock_.now() + kGrace;
  child_->close_input();
  child_->signal_group(SIGTERM);
}

bool PluginProcess::is_gone() {
  const bool is_late = kill_at_ && clock_.now() >= *kill_at_;
  if (is_late) child_->signal_group(SIGKILL);
  // Its last words tell why it went, and a full pipe must not keep it from going.
  if (!errors_closed_) log_.take(read_from(child_->errors(), errors_closed_));
  bool closed = false;
  read_from(child_->output(), closed);
  // The shell goes at once, and what it has started may still have something to write down.
  return child_->has_ended() && (is_late || !child_->has_group());
}

}  // namespace pharos::ingest
