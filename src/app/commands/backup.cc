#include "storage/backup.h"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "app/commands/command.h"
#include "app/progress.h"
#include "app/wording.h"

namespace pharos::app {
namespace {

// Why the folder cannot take a new one; "" where nothing is in the way. What is wrong with the destination itself is
// found when it is made.
std::string why_no_room(const std::filesystem::path& destination) {
  std::error_code ignored;
  std::filesystem::path whole = std::filesystem::absolute(destination, ignored).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  const std::filesystem::path folder = whole.parent_path();
  if (!std::filesystem::exists(folder, ignored))
    return "there is no folder " + folder.string() + " to put the backup into: make it first";
  if (!std::filesystem::is_directory(folder, ignored)) return folder.string() + " is no folder";
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return "the folder " + folder.string() + " cannot be written to: " + std::generic_category().message(errno);
  return {};
}

struct Arguments {
  std::shared_ptr<std::string> config;
  std::string destination;
  bool without_identity = false;
};

ExitCode back_up(const Arguments& arguments) {
  const auto loaded = load_or_complain(*arguments.config);
  if (!loaded) return ExitCode::settings;
  const storage::StoreOptions& store = loaded->options.store;
  if (const auto missing = missing_database(store.directory)) {
    complain(*missing);
    return ExitCode::cannot_create;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(arguments.destination, ignored) &&
      !std::filesystem::is_empty(arguments.destination, ignored)) {
    complain(arguments.destination + " is not empty: name a directory that is not there yet, or an empty one");
    return ExitCode::cannot_create;
  }
  if (const std::string why = why_no_room(arguments.destination); !why.empty()) {
    complain(why);
    return ExitCode::cannot_create;
  }
  storage::BackupOptions options;
  options.source.directory = store.directory;
  options.source.map_size_bytes = store.map_size_bytes;
  options.source.max_readers = store.max_readers;
  options.destination = arguments.destination;
  options.with_identity = !arguments.without_identity;

  const SystemClock clock;
  Progress progress(clock);
  const auto made = storage::back_up(options, [&](std::uint64_t done, std::uint64_t about) {
    if (progress.due()) progress.show(fmt::format("backup: {} of about {}", byte_size(done), byte_size(about)));
  });
  progress.clear();
  if (!made) {
    complain(std::string(describe(made.error().error)) + ": " + made.error().detail);
    return exit_code(made.error().error);
  }
  fmt::print("{}: {}, with {} of events that are not merged yet\n", arguments.destination,
             byte_size(made.value().bytes), counted(made.value().logs, "log"));
  if (made.value().identity) {
    fmt::print("it holds the relay's secret key, identity.key: whoever reads it can speak as the relay\n");
  } else if (arguments.without_identity) {
    fmt::print("it is without the relay's secret key: one that is started on it alone is another relay\n");
  } else {
    fmt::print("there is no identity.key in {}: the relay's secret key is kept elsewhere and is not in the backup\n",
               store.directory.string());
  }
  return ExitCode::ok;
}

}  // namespace

void add_backup(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand(
      "backup", "Copy the database, the relay's secret key too, to a directory; runs beside a serving instance");
  auto arguments = std::make_shared<Arguments>();
  arguments->config = add_config_option(*command);
  command->add_option("directory", arguments->destination, "An empty directory, or one to make: a storage.directory")
      ->required();
  command->add_flag("--without-identity", arguments->without_identity, "Leave out identity.key");
  command->callback([&action, arguments] { action = [arguments] { return back_up(*arguments); }; });
}

}  // namespace pharos::app
