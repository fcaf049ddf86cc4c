#include "ingest/plugin.h"

#include <algorithm>
#include <utility>

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"

namespace pharos::ingest {
namespace {

constexpr double kBadLinesPerSecond = 1;
constexpr double kBurstBadLines = 10;

unsigned wanted_by(const PluginOptions& options) {
  unsigned wanted = 0;
  for (std::size_t i = 0; i < options.sources.size(); ++i) {
    if (options.asks_about(static_cast<Source>(i))) wanted |= 1U << i;
  }
  return wanted;
}

// The time alone does not tell two versions of one tick of the kernel's clock apart.
std::optional<std::array<std::int64_t, 4>> file_state(const std::string& command) {
  struct stat status {};
  if (command.find(' ') != std::string::npos || ::stat(command.c_str(), &status) != 0) return std::nullopt;
  return std::array<std::int64_t, 4>{status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                                     static_cast<std::int64_t>(status.st_ino), status.st_size};
}

}  // namespace

Plugin::Plugin(const PluginOptions& options, const Clock& clock, Random& random, const metrics::PluginMetrics& metrics)
    : clock_(clock),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      fsm_(clock, random, metrics),
      bad_lines_(Rate::per_second(kBadLinesPerSecond, kBurstBadLines)) {
  configure(options);
}

Plugin::~Plugin() { stop(); }

void Plugin::configure(const PluginOptions& options) {
  wanted_ = wanted_by(options);
  if (!thread_.joinable()) {
    if (options.command.empty()) return;
    thread_ = std::thread([this] { run(); });
  }
  post([&options](Inbox& inbox) { inbox.options = options; });
}

bool Plugin::wants(Source source) const { return (wanted_ & (1U << static_cast<unsigned>(source))) != 0; }

void Plugin::ask(PolicyQuestion&& question) {
  bool too_late = false;
  post([&](Inbox& inbox) {
    too_late = inbox.stop;
    if (!too_late) inbox.questions.push_back(std::move(question));
  });
  if (too_late) question.done({});
}

void Plugin::stop() {
  post([](Inbox& inbox) { inbox.stop = true; });
  if (thread_.joinable()) thread_.join();
}

void Plugin::post(const std::function<void(Inbox&)>& change) {
  {
    Lock lock(mutex_);
    change(inbox_);
  }
  const std::uint64_t one = 1;
  // Full means that it is about to wake anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

// --- the thread -----------------------------------------------------------------------------------------------------

void Plugin::run() {
  ::pthread_setname_np(::pthread_self(), "plugin");
  // A plugin that is gone is an error of write(), in commands too that leave the signal as it is.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  PluginActions actions;
  while (!fsm_.is_stopped()) {
    take_inbox(actions);
    look_at_file(actions);
    fsm_.on_time(actions);
    carry_out(actions);
    converse(actions);
    carry_out(actions);
    if (!fsm_.is_stopped()) wait();
  }
}

void Plugin::take_inbox(PluginActions& out) {
  Inbox taken;
  {
    Lock lock(mutex_);
    taken.questions.swap(inbox_.questions);
    taken.options = std::exchange(inbox_.options, std::nullopt);
    taken.stop = inbox_.stop;
  }
  if (taken.options) fsm_.configure(*taken.options, out);
  for (PolicyQuestion& question : taken.questions) fsm_.ask(std::move(question), out);
  if (taken.stop) fsm_.stop(out);
}

// By index: carrying one out may bring others.
void Plugin::carry_out(PluginActions& actions) {
  for (std::size_t i = 0; i < actions.size(); ++i) {
    auto action = std::move(actions[i]);
    std::visit([&](auto& what) { perform(what, actions); }, action);
  }
  actions.clear();
}

void Plugin::perform(plugin_action::Start&, PluginActions& more) {
  const std::string& command = fsm_.options().command;
  file_ = file_state(command);
  auto started = PluginProcess::start(command, clock_);
  if (!started) {
    log::error("plugin", "could not be started", {{"why", started.error()}});
    return fsm_.on_ended(more);
  }
  process_ = std::move(started).value();
  log::info("plugin", "started", {{"command", command}, {"pid", process_->pid()}});
}

void Plugin::perform(plugin_action::End& end, PluginActions&) {
  if (end.is_fault) {
    log::warn("plugin", "ended for a fault", {{"why", end.why}});
  } else {
    log::info("plugin", "ended", {{"why", end.why}});
  }
  if (process_) process_->end();
}

void Plugin::perform(plugin_action::Settle& settle, PluginActions&) { settle.question.done(settle.decision); }

void Plugin::perform(plugin_action::BadLine& bad, PluginActions&) {
  if (!bad_lines_.take(1, clock_.now())) {
    ++bad_lines_left_out_;
    return;
  }
  log::warn("plugin", "a line that is no answer",
            {{"why", bad.why}, {"left_out_before", std::exchange(bad_lines_left_out_, 0)}});
  log::debug("plugin", "that line", {{"line", bad.line}});  // it may hold what somebody wrote
}

void Plugin::look_at_file(PluginActions& out) {
  if (!fsm_.has_line()) return;
  const auto now = file_state(fsm_.options().command);
  if (now && file_ && *now != *file_) fsm_.on_file_changed(out);
}

void Plugin::converse(PluginActions& out) {
  if (!process_) return;
  if (fsm_.is_ending()) {
    if (!process_->is_gone()) return;
    log::info("plugin", "is gone", {{"by", process_->ending()}});
    process_.reset();
    return fsm_.on_ended(out);
  }
  const auto bytes = process_->exchange();
  if (!bytes) return fsm_.on_closed(out);
  fsm_.on_output(*bytes, out);
  // Last, so that the room which answers made is used before the next wait.
  std::string line;
  while (process_->is_writable() && fsm_.take_line(line)) process_->write(std::exchange(line, {}));
}

void Plugin::wait() {
  std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
  std::optional<SteadyTime> until = fsm_.next_deadline();
  if (process_) process_->add_polled(polled);
  if (fsm_.is_ending()) until = clock_.now() + PluginProcess::kEndPoll;
  if (process_ && process_->is_writable() && fsm_.has_line()) until = clock_.now();  // it was started just now
  int milliseconds = -1;
  if (until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - clock_.now());
    milliseconds = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }
  ::poll(polled.data(), polled.size(), milliseconds);
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(wake_.get(), &count, sizeof count);
}

}  // namespace pharos::ingest
