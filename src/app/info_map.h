// The part of options_map that says what the relay tells of itself (NIP-11). Pure.
#pragma once

#include <vector>

#include "app/options_map.h"

namespace pharos::app {

// Appends what is wrong to errors.
void map_info(const config::Settings& settings, AllOptions& all, std::vector<config::SettingError>& errors);

}  // namespace pharos::app
