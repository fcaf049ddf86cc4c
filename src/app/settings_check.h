// Everything that can be said about the settings before anything is opened: what the file and the environment say, how
// the values fit one another, and the files they name. All errors at once, in the order of the file. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/options_map.h"
#include "config/loader.h"

namespace pharos::app {

struct Loaded {
  config::Settings settings;
  AllOptions options;
};

// Certificates, keys, trust anchors and lists matter to serve alone; other commands run without them.
enum class NamedFiles { ignored, checked };

Result<Loaded, std::vector<config::SettingError>> check_settings(const std::string& file,
                                                                 const config::Environment& environment,
                                                                 std::size_t cores, NamedFiles files);

// What is allowed and may not be meant, a line each.
std::vector<std::string> doubts(const AllOptions& options);

}  // namespace pharos::app
