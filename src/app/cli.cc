#include "app/cli.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/commands/access.h"
#include "app/commands/command.h"
#include "config/nearest.h"

namespace pharos::app {
namespace {

void build(CLI::App& root, Action& action) {
  root.description("Pharos, a Nostr relay that serves, mirrors, watches and tells.");
  root.set_version_flag("--version", std::string("pharos ") + PHAROS_VERSION);
  root.require_subcommand(1);
  add_serve(root, action);
  add_import(root, action);
  add_export(root, action);
  add_scan(root, action);
  add_sync(root, action);
  add_backup(root, action);
  add_db(root, action);
  add_retention(root, action);
  add_key(root, action);
  add_config(root, action);
  add_access(root, action);
  add_delete(root, action);
  add_instance_status(root, action);
  add_router(root, action);
  add_monitor(root, action);
  add_plugin(root, action);
}

// CLI11 only says that a command is missing. "" where the words name one.
std::string unknown_command(const CLI::App& root, int argc, char** argv) {
  const CLI::App* group = &root;
  for (int i = 1; i < argc && !std::string_view(argv[i]).starts_with('-'); ++i) {
    const auto known = group->get_subcommands([](const CLI::App*) { return true; });
    if (known.empty()) return {};  // what follows are its arguments
    const std::string word = argv[i];
    const auto named = std::ranges::find(known, word, &CLI::App::get_name);
    if (named != known.end()) {
      group = *named;
      continue;
    }
    if (const std::string hint = missing_subject(group->get_name(), word); !hint.empty()) return hint;
    std::vector<std::string> names;
    for (const CLI::App* command : known) names.push_back(command->get_name());
    const auto nearest = config::nearest_word(word, {names.begin(), names.end()});
    return "unknown command \"" + word + "\"" + (nearest ? fmt::format(", did you mean {}?", *nearest) : "");
  }
  return {};
}

void append_help(std::string& out, const CLI::App& command) {
  out += command.help() + "\n";
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) append_help(out, *below);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App root;
  Action action;
  build(root, action);
  try {
    root.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return root.exit(asked);
  } catch (const CLI::ParseError& error) {
    const std::string unknown = unknown_command(root, argc, argv);
    complain(unknown.empty() ? error.what() : unknown);
    complain("try --help");
    return static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(action());
}

std::string all_help() {
  CLI::App root;
  Action action;
  build(root, action);
  std::string out;
  append_help(out, root);
  return out;
}

}  // namespace pharos::app
