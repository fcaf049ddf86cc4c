#include "app/commands/command.h"

#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "storage/data_files.h"
#include "util/log.h"

namespace pharos::app {
std::shared_ptr<std::string> add_config_option(CLI::App& command) {
  std::error_code ignored;
  auto file = std::make_shared<std::string>(std::filesystem::exists(kDefaultConfig, ignored) ? kDefaultConfig : "");
  command.add_option("-c,--config", *file, std::string("Settings file; ") + kDefaultConfig + " when it is there");
  command.parse_complete_callback([file] {});  // keeps the text alive as long as the command
  return file;
}

std::unique_ptr<Loaded> load_or_complain(const std::string& config_file, NamedFiles files) {
  auto loaded = check_settings(config_file, config::process_environment(), std::thread::hardware_concurrency(), files);
  if (!loaded) {
    for (const auto& error : loaded.error()) complain(error.text());
    return nullptr;
  }
  log::configure(loaded.value().options.log_level, loaded.value().options.log_format);
  return std::make_unique<Loaded>(std::move(loaded).value());
}

std::optional<std::string> missing_database(const std::filesystem::path& directory) {
  const auto newest = storage::newest_data(directory);
  if (!newest || newest.value()) return std::nullopt;
  return "there is no database in " + directory.string() + ", which storage.directory names; is this the right " +
         "settings file (--config)?";
}

OpenedStore open_read_only(const std::string& config_file, const Clock& clock) {
  OpenedStore opened;
  opened.loaded = load_or_complain(config_file);
  if (!opened.loaded) {
    opened.code = ExitCode::settings;
    return opened;
  }
  storage::StoreOptions options = opened.loaded->options.store;
  if (const auto missing = missing_database(options.directory)) {
    complain(*missing);
    opened.code = ExitCode::cannot_create;
    return opened;
  }
  options.read_only = true;
  auto store = storage::Store::open(options, clock);
  if (!store) {
    complain(failure_text(store.error()));
    opened.code = exit_code(store.error().error);
    return opened;
  }
  opened.store = std::move(store).value();
  return opened;
}

void complain(const std::string& text) { fmt::print(stderr, "pharos: {}\n", text); }

}  // namespace pharos::app
