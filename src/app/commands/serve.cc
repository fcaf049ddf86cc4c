#include <cerrno>

#include <signal.h>
#include <unistd.h>

#include "app/application.h"
#include "app/commands/command.h"
#include "app/notify.h"
#include "util/log.h"

namespace pharos::app {
namespace {

constexpr auto kTick = std::chrono::seconds(1);

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

// The next signal within a tick, 0 when none came.
int next_signal(const sigset_t& set) {
  const timespec tick{kTick.count(), 0};
  const int number = ::sigtimedwait(&set, nullptr, &tick);
  return number < 0 ? 0 : number;
}

// Called when a second SIGTERM or SIGINT comes while draining: nothing acknowledged is lost by ending at once.
void end_now(int) { ::_exit(static_cast<int>(ExitCode::failure)); }

ExitCode serve(const std::string& config_file) {
  // Before any thread is made, so that all of them inherit the mask and signals reach the loop below alone.
  const sigset_t signals = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  const auto loaded = load_or_complain(config_file, NamedFiles::checked);
  if (!loaded) return ExitCode::settings;
  if (config_file.empty())
    log::warn("app", "no settings file: the defaults and the environment are in force",
              {{"looked_for", kDefaultConfig}});
  for (const std::string& doubt : doubts(loaded->options))
    log::warn("app", "a setting may not be meant", {{"why", doubt}});
  Application application(loaded->settings, loaded->options);
  if (auto started = application.start(); !started) {
    complain(started.error().detail);
    return started.error().code;
  }
  notify::ready(application.summary());
  const bool watched = notify::watchdog_interval().has_value();

  while (true) {
    const int number = next_signal(signals);
    if (number == SIGTERM || number == SIGINT) break;
    if (number == SIGHUP) {
      notify::reloading();
      application.reload();
      notify::ready(application.summary());
    }
    application.tick();
    if (watched && application.unhealthy().empty()) notify::watchdog();
  }

  notify::stopping();
  log::info("app", "draining");
  ::signal(SIGTERM, end_now);
  ::signal(SIGINT, end_now);
  ::signal(SIGHUP, SIG_IGN);  // its default is to end the process, and there is nothing left to reload
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  application.stop();
  return ExitCode::ok;
}

}  // namespace

void add_serve(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand("serve", "Run the relay, the router and the monitor until SIGTERM");
  const auto config = add_config_option(*command);
  command->callback([&action, config] { action = [config] { return serve(*config); }; });
}

}  // namespace pharos::app
