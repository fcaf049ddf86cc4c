#include "app/commands/command.h"
#include "app/commands/status.h"
#include "app/status_text.h"

namespace pharos::app {

void add_instance_status(CLI::App& root, Action& action) {
  add_status(root, action, "What the running instance is and does", "/api/v1/status",
             [](const std::string& json, const std::string&) { return instance_status_text(json); });
}

}  // namespace pharos::app
