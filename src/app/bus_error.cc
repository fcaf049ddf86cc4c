#include "app/bus_error.h"

#include <string_view>

#include <signal.h>
#include <unistd.h>

#include "app/exit_code.h"

namespace pharos::app {
namespace {

constexpr std::string_view kText =
    "pharos: the database could not be read: its file was cut short, is damaged, or its disk fails; keep a copy of it, "
    "and restore a backup\n";

void end_with_text(int) {
  // Nothing can be done about an output that takes nothing.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(static_cast<int>(ExitCode::io));
}

}  // namespace

void tell_of_bus_errors() {
  struct sigaction action {};
  action.sa_handler = end_with_text;
  ::sigaction(SIGBUS, &action, nullptr);
}

}  // namespace pharos::app
