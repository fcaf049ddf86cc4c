#include <future>

#include <fmt/format.h>
#include <unistd.h>

#include "app/commands/asking.h"
#include "app/commands/command.h"
#include "app/data_owner.h"
#include "app/progress.h"
#include "app/run_file.h"
#include "app/wording.h"
#include "storage/check.h"
#include "storage/info.h"

namespace pharos::app {
namespace {

std::string search_text(const std::optional<storage::WordIndexState>& words) {
  if (!words) return "off";
  if (!words->is_complete()) return fmt::format("being built: {} of {} sequence numbers", words->built, words->until);
  return fmt::format("kinds {}", fmt::join(words->kinds, ", "));
}

ExitCode print_info(const std::string& config_file) {
  const SystemClock clock;
  const OpenedStore opened = open_read_only(config_file, clock);
  if (!opened.store) return opened.code;
  const auto snapshot = opened.store->snapshot();
  if (!snapshot) {
    complain(snapshot.error().detail);
    return ExitCode::io;
  }
  const storage::DatabaseInfo info = storage::read_info(snapshot.value().txn(), opened.store->tables());
  const std::uint64_t logged = storage::logged_events(snapshot.value());
  fmt::print("directory      {}\n", opened.loaded->options.store.directory.string());
  fmt::print("schema         {}\n", info.schema_version);
  fmt::print(
      "events         {}{}\n", info.events + logged,
      logged == 0 ? "" : fmt::format(", {} of them new: in the log, not merged yet, they may replace others", logged));
  fmt::print("last sequence  {}\n", opened.store->last_seq());
  fmt::print("used           {} of {}, {} of it free to reuse\n", byte_size(info.used_bytes),
             byte_size(info.map_size_bytes), byte_size(info.free_page_bytes));
  fmt::print("search         {}\n", search_text(info.words));
  fmt::print("readers        {} of {}\n\n", info.readers, info.max_readers);
  fmt::print("{:<20} {:>12} {:>14}\n", "table", "values", "size");
  for (const storage::TableSpec& spec : storage::kTableSpecs) {
    const storage::TableInfo& table = info.tables[static_cast<std::size_t>(spec.table)];
    fmt::print("{:<20} {:>12} {:>14}\n", spec.name, table.entries, byte_size(table.bytes));
  }
  fmt::print(
      "\nA value of an index is a block of some hundred entries, one of events a block of some twenty. New entries of\n"
      "the indexes that have a young level gather there, and move on a part at a time.\n");
  return ExitCode::ok;
}

ExitCode check(const std::string& config_file, bool signatures) {
  const SystemClock clock;
  const OpenedStore opened = open_read_only(config_file, clock);
  if (!opened.store) return opened.code;
  const auto snapshot = opened.store->snapshot();
  if (!snapshot) {
    complain(snapshot.error().detail);
    return ExitCode::io;
  }
  Progress progress(clock);
  storage::CheckOptions options;
  options.signatures = signatures;
  const auto report = storage::check_database(snapshot.value(), options, [&](std::uint64_t done, std::uint64_t total) {
    if (progress.due()) progress.show(fmt::format("check: {} of {} events", done, total));
  });
  progress.clear();
  if (!report) {
    complain(std::string(describe(report.error().error)) + ": " + report.error().detail);
    return ExitCode::io;
  }
  const storage::CheckReport& found = report.value();
  fmt::print("{}, {} more in the log and not merged yet, {} index entries, {}, {} other entries checked{}\n",
             counted(found.events, "event"), found.logged_events, found.index_entries,
             counted(found.tombstones, "tombstone"), found.other_entries, signatures ? ", signatures too" : "");
  if (found.vanishing > 0) {
    fmt::print("at the next start {} of keys that asked to vanish will be erased\n", counted(found.vanishing, "event"));
  }
  if (found.total() == 0) {
    fmt::print("no contradictions\n");
    return ExitCode::ok;
  }
  for (std::size_t i = 0; i < found.counts.size(); ++i) {
    if (found.counts[i] > 0) {
      fmt::print("{:>8}  {}\n", found.counts[i], storage::describe(static_cast<storage::Contradiction>(i)));
    }
  }
  for (const std::string& finding : found.findings) fmt::print("  {}\n", finding);
  return ExitCode::failure;
}

ExitCode complain_about(const storage::StorageFailure& failure) {
  complain(failure_text(failure));
  return exit_code(failure.error);
}

ExitCode compact_closed(const storage::StoreOptions& options) {
  if (const auto missing = missing_database(options.directory)) {
    complain(*missing);
    return ExitCode::cannot_create;
  }
  if (const auto refusal = refuse_as_root(options.directory, ::geteuid())) {
    complain(*refusal);
    return ExitCode::permission;
  }
  const SystemClock clock;
  const auto store = storage::Store::open(options, clock);
  if (!store) return complain_about(store.error());
  std::promise<Result<storage::Compacted, storage::StorageFailure>> promise;
  auto end = promise.get_future();
  const auto begun = store.value()->compact([&promise](auto compacted) { promise.set_value(std::move(compacted)); });
  if (!begun) return complain_about(begun.error());
  const auto compacted = end.get();
  if (!compacted) return complain_about(compacted.error());
  fmt::print("{} before, {} after\n", byte_size(compacted.value().before_bytes),
             byte_size(compacted.value().after_bytes));
  return ExitCode::ok;
}

ExitCode compact(const AskedInstance& instance) {
  if (instance.admin->empty()) {
    const auto loaded = load_to_find(instance);
    if (!loaded) return ExitCode::settings;
    const storage::StoreOptions& store = loaded->options.store;
    if (!RunFile::read(store.directory)) return compact_closed(store);
  }
  const auto answer = ask_instance(instance, {.path = "/compact", .post = ""});
  if (!answer) return answer.error();
  fmt::print("{}", answer.value());
  return ExitCode::ok;
}

}  // namespace

void add_db(CLI::App& root, Action& action) {
  CLI::App* group = root.add_subcommand("db", "Look into the database and compact it, beside a serving instance too");
  group->require_subcommand(1);
  CLI::App* info = group->add_subcommand("info", "Entries and sizes of all tables");
  const auto info_config = add_config_option(*info);
  info->callback([&action, info_config] { action = [info_config] { return print_info(*info_config); }; });
  CLI::App* check_command = group->add_subcommand("check", "Compare every table with every other and report");
  const auto check_config = add_config_option(*check_command);
  auto signatures = std::make_shared<bool>(false);
  check_command->add_flag("--signatures", *signatures, "Verify every signature too");
  check_command->callback([&action, check_config, signatures] {
    action = [check_config, signatures] { return check(*check_config, *signatures); };
  });
  CLI::App* compact_command = group->add_subcommand(
      "compact",
      "Give back the disk space of what was erased; a serving instance does it itself, and its log tells the end");
  const AskedInstance instance = add_instance_options(*compact_command);
  compact_command->callback([&action, instance] { action = [instance] { return compact(instance); }; });
}

}  // namespace pharos::app
