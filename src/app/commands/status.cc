#include "app/commands/status.h"

#include <fmt/format.h>

#include "app/commands/asking.h"

namespace pharos::app {

void add_status(CLI::App& group, Action& action, const std::string& help, const std::string& path,
                std::function<std::string(const std::string& json, const std::string& config_file)> render) {
  struct Arguments {
    AskedInstance instance;
    bool json = false;
  };
  CLI::App* command = group.add_subcommand("status", help);
  auto arguments = std::make_shared<Arguments>();
  arguments->instance = add_instance_options(*command);
  command->add_flag("--json", arguments->json, "Print the document as it is");
  command->callback([&action, arguments, path, render = std::move(render)] {
    action = [arguments, path, render] {
      const auto answer = ask_instance(arguments->instance, {.path = path});
      if (!answer) return answer.error();
      if (arguments->json)
        fmt::print("{}\n", answer.value());
      else
        fmt::print("{}", render(answer.value(), *arguments->instance.config));
      return ExitCode::ok;
    };
  });
}

}  // namespace pharos::app
