#include "app/commands/command.h"
#include "app/commands/status.h"
#include "app/status_text.h"

namespace pharos::app {

void add_router(CLI::App& root, Action& action) {
  CLI::App* group = root.add_subcommand("router", "Upstream relays");
  group->require_subcommand(1);
  add_status(
      *group, action, "State, counts, coverage and backlog of each upstream", "/api/v1/router",
      [](const std::string& json, const std::string&) { return router_status_text(json, SystemClock().unix_now()); });
}

}  // namespace pharos::app
