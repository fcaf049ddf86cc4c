#include "app/cli.h"

#include <fmt/format.h>

#include "app/commands/command.h"

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
  add_db(root, action);
  add_key(root, action);
  add_config(root, action);
  add_router(root, action);
  add_monitor(root, action);
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
    complain(error.what());
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
