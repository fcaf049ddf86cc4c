#include "app/notify.h"

#include <systemd/sd-daemon.h>

namespace pharos::app::notify {

void ready(const std::string& status) { ::sd_notify(0, ("READY=1\nSTATUS=" + status).c_str()); }
void reloading() { ::sd_notify(0, "RELOADING=1"); }
void stopping() { ::sd_notify(0, "STOPPING=1\nSTATUS=draining"); }
void watchdog() { ::sd_notify(0, "WATCHDOG=1"); }

std::optional<std::chrono::milliseconds> watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::milliseconds(microseconds / 3000);
}

}  // namespace pharos::app::notify
