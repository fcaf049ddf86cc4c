// What the commands share: where the settings come from, and how a command is added to the command line.
// Each command has a file of its own with one add_...() function; cli.cc lists them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "app/exit_code.h"
#include "app/settings_check.h"
#include "storage/store.h"

namespace pharos::app {

// Where the packaged service keeps its settings.
inline constexpr const char* kDefaultConfig = "/etc/pharos/pharos.toml";

// The chosen command, to be run once the command line is parsed.
using Action = std::function<ExitCode()>;

// Adds --config to a command. The result holds the file once the line is parsed: the one named, else
// /etc/pharos/pharos.toml where it exists, else none ("").
std::shared_ptr<std::string> add_config_option(CLI::App& command);

// Reads and maps the settings, and sets up the log; prints every error to standard error and returns nullptr otherwise.
std::unique_ptr<Loaded> load_or_complain(const std::string& config_file, NamedFiles files = NamedFiles::ignored);

// What to tell where a directory that is to hold a database has none; nullopt where it has one. Reading what is there
// is for the store.
std::optional<std::string> missing_database(const std::filesystem::path& directory);

// Opens the database of the settings without writing, beside a running instance; complains on failure.
struct OpenedStore {
  std::unique_ptr<Loaded> loaded;
  std::unique_ptr<storage::Store> store;
  ExitCode code = ExitCode::ok;  // why there is no store
};
OpenedStore open_read_only(const std::string& config_file, const Clock& clock);

// "pharos: text" on standard error.
void complain(const std::string& text);

void add_serve(CLI::App& root, Action& action);
void add_import(CLI::App& root, Action& action);
void add_export(CLI::App& root, Action& action);
void add_scan(CLI::App& root, Action& action);
void add_sync(CLI::App& root, Action& action);
void add_backup(CLI::App& root, Action& action);
void add_db(CLI::App& root, Action& action);
void add_retention(CLI::App& root, Action& action);
void add_key(CLI::App& root, Action& action);
void add_config(CLI::App& root, Action& action);
void add_access(CLI::App& root, Action& action);
void add_delete(CLI::App& root, Action& action);
void add_instance_status(CLI::App& root, Action& action);
void add_router(CLI::App& root, Action& action);
void add_monitor(CLI::App& root, Action& action);
void add_plugin(CLI::App& root, Action& action);

}  // namespace pharos::app
