// The event loop of a shard as the relay needs it, so that sessions run in tests without sockets.
#pragma once

#include <chrono>
#include <functional>

#include "util/callback.h"

namespace pharos::relay {

class Loop {
 public:
  virtual ~Loop() = default;
  // Runs task on the loop's thread, later. Any thread.
  virtual void post(Task task) = 0;
  // Runs task after the delay; replaces what was armed before. On the loop's thread.
  virtual void arm(std::chrono::milliseconds delay, std::function<void()> task) = 0;
};

}  // namespace pharos::relay
