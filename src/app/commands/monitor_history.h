// `monitor history`: the kept results of one target, from the database, beside a running instance or without one.
#pragma once

#include "app/commands/command.h"

namespace pharos::app {

void add_monitor_history(CLI::App& group, Action& action);

}  // namespace pharos::app
