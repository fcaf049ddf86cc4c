// The part of options_map that says who may read, write, join and invite. Pure.
#pragma once

#include <vector>

#include "app/options_map.h"

namespace pharos::app {

// After the relay's names and keys were mapped. Appends what is wrong to errors.
void map_access(const config::Settings& settings, AllOptions& all, std::vector<config::SettingError>& errors);

}  // namespace pharos::app
