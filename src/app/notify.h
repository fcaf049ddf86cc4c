// Messages to the service manager (sd_notify); nothing happens when there is none. Any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace pharos::app::notify {

void ready(const std::string& status);
void reloading();
void stopping();
void watchdog();

// How often the manager wants to hear watchdog(); nullopt when it does not.
std::optional<std::chrono::milliseconds> watchdog_interval();

}  // namespace pharos::app::notify
