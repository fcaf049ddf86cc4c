// SIGTERM and SIGINT to a command that has something to bring to its end first. One thread.
#pragma once

#include <atomic>

namespace pharos::app {

// From now on the first of these signals makes the flag true and is no error to a call that waits; the second ends the
// process at once. The flag lives as long as the process.
const std::atomic<bool>& stop_when_asked();

}  // namespace pharos::app
