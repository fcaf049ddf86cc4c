#include "app/stop_signal.h"

#include <csignal>

namespace pharos::app {
namespace {

std::atomic<bool> was_asked{false};

}  // namespace

const std::atomic<bool>& stop_when_asked() {
  struct sigaction action {};
  action.sa_handler = [](int) { was_asked = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int number : {SIGTERM, SIGINT}) ::sigaction(number, &action, nullptr);
  return was_asked;
}

}  // namespace pharos::app
