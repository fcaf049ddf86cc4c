// The part of options_map that limits clients by rate, and events by kind. Pure.
#pragma once

#include <vector>

#include "app/options_map.h"

namespace pharos::app {

// After what holds for all kinds was mapped. Appends what is wrong to errors.
void map_limits(const config::Settings& settings, AllOptions& all, std::vector<config::SettingError>& errors);

}  // namespace pharos::app
