#include "app/stop_signal.h"

#include <signal.h>

namespace pharos::app {
namespace {

std::atomic<bool> was_asked{false};

}  // namespace

const std::atomic<bool>& stop_when_asked() {
  struct sigaction action {};
  action.sa_handler = [](int) {
    was_asked = true;
    for (const int number : {SIGTERM, SIGINT}) ::signal(number, SIG_DFL);
  };
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGTERM, SIGINT}) ::sigaction(number, &action, nullptr);
  return was_asked;
}

}  // namespace pharos::app
