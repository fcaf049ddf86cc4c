// The status documents of the admin listener as text for people. Pure.
#pragma once

#include <string>

#include "util/clock.h"

namespace pharos::app {

// All of them: "" when the document is not of the expected shape.
std::string instance_status_text(const std::string& json);
std::string router_status_text(const std::string& json, UnixSeconds now);
// enabled: whether the settings that were read just now, without a mistake, turn the monitor on.
std::string monitor_status_text(const std::string& json, bool enabled);

}  // namespace pharos::app
