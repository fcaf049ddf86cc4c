#include "app/commands/status.h"

#include <fmt/format.h>

#include "app/admin_client.h"

namespace pharos::app {

void add_status(CLI::App& group, Action& action, const std::string& help, const std::string& path,
                std::function<std::string(const std::string& json, const AllOptions& options)> render) {
  struct Arguments {
    std::shared_ptr<std::string> config;
    std::string admin;
    bool json = false;
  };
  CLI::App* command = group.add_subcommand("status", help);
  auto arguments = std::make_shared<Arguments>();
  arguments->config = add_config_option(*command);
  command->add_option("--admin", arguments->admin, "Admin listener to ask, host:port; else the one in run.json");
  command->add_flag("--json", arguments->json, "Print the document as it is");
  command->callback([&action, arguments, path, render = std::move(render)] {
    action = [arguments, path, render] {
      const auto loaded = load_or_complain(*arguments->config);
      if (!loaded) return ExitCode::settings;
      const auto answer = ask_admin({loaded->options.store.directory, arguments->admin, path});
      if (!answer) {
        complain(answer.error().detail);
        return answer.error().code;
      }
      if (arguments->json)
        fmt::print("{}\n", answer.value());
      else
        fmt::print("{}", render(answer.value(), loaded->options));
      return ExitCode::ok;
    };
  });
}

}  // namespace pharos::app
