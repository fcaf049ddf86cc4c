// What the commands share that only ask the running instance: --config and --admin, and the question to its admin
// listener.
#pragma once

#include <memory>
#include <string>

#include "app/admin_client.h"
#include "app/commands/command.h"

namespace pharos::app {

struct AskedInstance {
  std::shared_ptr<std::string> config;
  std::shared_ptr<std::string> admin;  // "": the one in the run file of the settings' data directory
};

AskedInstance add_instance_options(CLI::App& command);

// The settings that lead to an instance which --admin does not name; nullptr once it was told why there are none.
std::unique_ptr<Loaded> load_to_find(const AskedInstance& instance);

// What it answered; or the failure, once it was told on standard error. Where --admin names the listener the settings
// are not read: a mistake in them is the time when the instance is to be asked how it is.
Result<std::string, ExitCode> ask_instance(const AskedInstance& instance, AdminQuery query);

}  // namespace pharos::app
