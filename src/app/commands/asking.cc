#include "app/commands/asking.h"

#include <utility>

namespace pharos::app {

AskedInstance add_instance_options(CLI::App& command) {
  AskedInstance instance;
  instance.config = add_config_option(command);
  instance.admin = std::make_shared<std::string>();
  command.add_option("--admin", *instance.admin,
                     "Admin listener to ask, host:port, whatever the settings say; else the one in run.json");
  return instance;
}

std::unique_ptr<Loaded> load_to_find(const AskedInstance& instance) {
  auto loaded = load_or_complain(*instance.config);
  if (!loaded) complain("--admin HOST:PORT asks an instance without reading the settings");
  return loaded;
}

Result<std::string, ExitCode> ask_instance(const AskedInstance& instance, AdminQuery query) {
  query.address = *instance.admin;
  if (query.address.empty()) {
    const auto loaded = load_to_find(instance);
    if (!loaded) return failure(ExitCode::settings);
    query.data_directory = loaded->options.store.directory;
  }
  auto answer = ask_admin(query);
  if (answer) return success(std::move(answer).value());
  complain(answer.error().detail);
  if (answer.error().nothing_runs) {
    complain((instance.config->empty() ? "no settings file was read: --config FILE names that of the instance"
                                       : *instance.config + " leads there: --config FILE names another") +
             ", and --admin HOST:PORT the instance itself");
  }
  return failure(answer.error().code);
}

}  // namespace pharos::app
