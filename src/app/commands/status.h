// `router status` and `monitor status`: the same question to the running instance with another path and another text.
#pragma once

#include <functional>
#include <string>

#include "app/commands/command.h"

namespace pharos::app {

// Adds `status` with --admin and --json to a group. The settings may have mistakes when render() comes.
void add_status(CLI::App& group, Action& action, const std::string& help, const std::string& path,
                std::function<std::string(const std::string& json, const std::string& config_file)> render);

}  // namespace pharos::app
