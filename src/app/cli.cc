#include "app/cli.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "app/bus_error.h"
#include "app/commands/access.h"
#include "app/commands/command.h"
#include "config/nearest.h"

namespace pharos::app {
namespace {

void build(CLI::App& root, Action& action) {
  root.description("Pharos, a Nostr relay that serves, mirrors, watches and tells.");
  root.set_version_flag("-v,--version", std::string("pharos ") + PHAROS_VERSION);
  root.require_subcommand(1);
  root.footer("pharos help COMMAND, or --help behind any of them, tells more. --config may stand before the command.");
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

std::vector<const CLI::App*> below(const CLI::App& group) {
  return group.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* named(const CLI::App& group, const std::string& word) {
  const auto known = group.get_subcommands([&word](const CLI::App* command) { return command->get_name() == word; });
  return known.empty() ? nullptr : known.front();
}

// What stands before the command goes behind it, where its options are; "help" before it is --help behind it.
std::vector<std::string> in_order(const CLI::App& root, std::vector<std::string> words) {
  std::vector<std::string> moved;
  std::size_t at = 0;
  for (; at < words.size() &&
         (words[at].starts_with("-c") || words[at].starts_with("--config") || words[at].starts_with("--admin"));
       ++at) {
    moved.push_back(words[at]);
    const bool has_value = words[at].find('=') != std::string::npos || (words[at][1] == 'c' && words[at].size() > 2);
    if (!has_value && at + 1 < words.size()) moved.push_back(words[++at]);
  }
  if (at < words.size() && words[at] == "help") {
    ++at;
    moved = {"--help"};
  }
  if (moved.empty()) return words;
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at));
  at = 0;
  const CLI::App* group = &root;
  for (; at < words.size(); ++at) {
    const CLI::App* command = named(*group, words[at]);
    if (command == nullptr) break;
    group = command;
  }
  if (moved.front() == "--help") {
    // What follows is dropped, so that whoever asks for help never runs the command; save a word that names none.
    const bool has_commands = !below(*group).empty();
    const bool is_unknown = at < words.size() && has_commands && !words[at].starts_with('-');
    words.resize(is_unknown ? at + 1 : at);
    if (is_unknown) return words;
  }
  words.insert(words.begin() + static_cast<std::ptrdiff_t>(at), moved.begin(), moved.end());
  return words;
}

// As it is written: "pharos db compact".
std::string path_of(const CLI::App& command) {
  const CLI::App* const group = command.get_parent();
  return group == nullptr ? command.get_name() : path_of(*group) + " " + command.get_name();
}

void collect(const CLI::App& group, std::vector<const CLI::App*>& commands) {
  for (const CLI::App* command : below(group)) {
    commands.push_back(command);
    collect(*command, commands);
  }
}

// Where the word is the name of commands of other groups, or nearly one's.
std::string meant_elsewhere(const CLI::App& root, const std::string& word) {
  std::vector<const CLI::App*> commands;
  collect(root, commands);
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  const auto nearest = config::nearest_word(word, {names.begin(), names.end()});
  std::vector<std::string> paths;
  for (const CLI::App* command : commands) {
    if (command->get_name() == nearest) paths.push_back(path_of(*command));
  }
  return fmt::format("{}", fmt::join(paths, " or "));
}

std::string did_you_mean(const CLI::App& root, const CLI::App& group, const std::string& word) {
  if (std::string meant = meant_subject(group.get_name(), word); !meant.empty()) return meant;
  const std::string elsewhere = meant_elsewhere(root, word);
  std::vector<std::string> names;
  for (const CLI::App* command : below(group)) names.push_back(command->get_name());
  const auto nearest = config::nearest_word(word, {names.begin(), names.end()});
  // A word that is right elsewhere is not mistyped here.
  const bool is_right = elsewhere.ends_with(" " + word);
  if (nearest && !is_right) return fmt::format(", did you mean {}?", *nearest);
  return elsewhere.empty() ? "" : fmt::format(", did you mean {}?", elsewhere);
}

// CLI11 only says that a command is missing. "" where the words name one.
std::string unknown_command(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* group = &root;
  for (const std::string& word : words) {
    if (word.starts_with('-')) break;
    if (below(*group).empty()) return {};  // what follows are its arguments
    if (const CLI::App* command = named(*group, word)) {
      group = command;
      continue;
    }
    if (const std::string hint = missing_subject(group->get_name(), word); !hint.empty()) return hint;
    return "unknown command \"" + word + "\"" + did_you_mean(root, *group, word);
  }
  return {};
}

// An option that nothing takes where it stands, even where CLI11 complains about the command that is missing. "" where
// there is none.
std::string unknown_option(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* command = &root;
  for (const std::string& word : words) {
    if (word.starts_with('-')) continue;
    const CLI::App* next = named(*command, word);
    if (next == nullptr) break;
    command = next;
  }
  for (const std::string& word : root.remaining(true)) {
    if (!word.starts_with('-') || word == "-" || word == "--") continue;
    const std::string name = word.substr(0, word.find('='));
    if (command != &root && command->get_option_no_throw(name) != nullptr)
      return fmt::format("{} belongs behind the command: {} {}", name, path_of(*command), word);
    std::vector<std::string> names;
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& known : option->get_lnames()) names.push_back("--" + known);
    }
    const auto nearest = config::nearest_word(name, {names.begin(), names.end()});
    return fmt::format("unknown option {}{}", name, nearest ? fmt::format(", did you mean {}?", *nearest) : "");
  }
  return {};
}

// What was printed and could not be written is an error like that of any other output.
ExitCode run(const Action& action) {
  ExitCode code = ExitCode::ok;
  try {
    code = action();
  } catch (const std::system_error&) {
    if (std::ferror(stdout) == 0) throw;
  }
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  complain(std::string("standard output: ") + std::strerror(errno));
  return code == ExitCode::ok ? ExitCode::io : code;
}

void append_help(std::string& out, const CLI::App& command) {
  out += command.help() + "\n";
  for (const CLI::App* each : below(command)) append_help(out, *each);
}

}  // namespace

int run_command_line(int argc, char** argv) {
  tell_of_bus_errors();
  CLI::App root{"", "pharos"};
  Action action;
  build(root, action);
  const std::vector<std::string> words = in_order(root, {argv + 1, argv + argc});
  try {
    root.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // it takes them from the end
  } catch (const CLI::Success& asked) {                                  // --help, --version
    return static_cast<int>(run([&] {
      root.exit(asked);
      return ExitCode::ok;
    }));
  } catch (const CLI::ParseError& error) {
    std::string unknown = unknown_command(root, words);
    if (unknown.empty()) unknown = unknown_option(root, words);
    complain(unknown.empty() ? error.what() : unknown);
    complain("try --help");
    return static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(run(action));
}

std::string all_help() {
  CLI::App root{"", "pharos"};
  Action action;
  build(root, action);
  std::string out;
  append_help(out, root);
  return out;
}

}  // namespace pharos::app
