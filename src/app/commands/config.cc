#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/wording.h"
#include "config/reference.h"

namespace pharos::app {
namespace {

ExitCode check(const std::string& config_file) {
  const auto loaded = load_or_complain(config_file, NamedFiles::checked);
  if (!loaded) return ExitCode::settings;
  fmt::print("{}: fine, {}\n", config_file.empty() ? "defaults and environment" : config_file,
             counted(loaded->settings.tables_of("upstream").size(), "upstream"));
  for (const std::string& doubt : doubts(loaded->options)) fmt::print("note: {}\n", doubt);
  const auto from_environment = config::keys_from_environment(loaded->settings);
  if (!from_environment.empty()) fmt::print("from the environment: {}\n", fmt::join(from_environment, ", "));
  for (const std::string& line : config::unknown_variables(config::process_environment()))
    fmt::print("in the environment: {}\n", line);
  return ExitCode::ok;
}

}  // namespace

void add_config(CLI::App& root, Action& action) {
  CLI::App* group = root.add_subcommand("config", "Settings");
  group->require_subcommand(1);
  CLI::App* check_command = group->add_subcommand("check", "Read the settings as serve would and report every error");
  const auto config = add_config_option(*check_command);
  check_command->callback([&action, config] { action = [config] { return check(*config); }; });
  CLI::App* reference = group->add_subcommand("reference", "Print every setting with its default and meaning");
  auto sample = std::make_shared<bool>(false);
  reference->add_flag("--sample", *sample, "Print the commented sample file instead (conf/pharos.toml)");
  reference->callback([&action, sample] {
    action = [sample] {
      fmt::print("{}", *sample ? config::render_sample() : config::render_reference());
      return ExitCode::ok;
    };
  });
}

}  // namespace pharos::app
