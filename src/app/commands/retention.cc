#include "storage/retention.h"

#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/progress.h"
#include "app/wording.h"
#include "storage/info.h"
#include "storage/txn.h"

namespace pharos::app {
namespace {

std::string day_of(UnixSeconds time) { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(time))); }

void print_forecast(const storage::RetentionForecast& forecast) {
  fmt::print("{}: ", forecast.rule);
  if (forecast.events == 0) {
    fmt::print("nothing{}\n", forecast.complete ? "" : " (the database could not be read to the end)");
    return;
  }
  fmt::print("{}, {} of records, created {} to {}{}\n", counted(forecast.events, "event"), byte_size(forecast.bytes),
             day_of(forecast.oldest), day_of(forecast.newest),
             forecast.complete ? "" : " (the database could not be read to the end)");
}

void print_size(const storage::Store& store, std::uint64_t max_size) {
  if (max_size == 0) return;
  const auto txn = store.read();
  if (!txn) return;
  const auto info = storage::read_info(txn.value(), store.tables());
  const std::uint64_t used = info.used_bytes - std::min(info.free_page_bytes, info.used_bytes);
  fmt::print("storage.max_size: {} of {} are in use{}\n", byte_size(used), byte_size(max_size),
             used > max_size ? "; regular events that came first go, in steps" : "");
}

ExitCode plan(const std::string& config) {
  const SystemClock clock;
  const OpenedStore opened = open_read_only(config, clock);
  if (!opened.store) return opened.code;
  const storage::RetentionOptions& options = opened.loaded->options.retention;
  if (options.rules->empty() && options.max_size_bytes == 0) {
    fmt::print("no [[retention]] rules and no storage.max_size: everything is kept\n");
    return ExitCode::ok;
  }
  Progress progress(clock);
  const auto forecasts = storage::forecast_retention(*opened.store, options.rules, clock, [&](std::uint64_t events) {
    if (progress.due()) progress.show(fmt::format("retention: {} events to go", events));
    return true;
  });
  progress.clear();
  fmt::print("The next pass would erase, each rule seen alone:\n");
  bool complete = true;
  for (const storage::RetentionForecast& forecast : forecasts) {
    print_forecast(forecast);
    complete = complete && forecast.complete;
  }
  print_size(*opened.store, options.max_size_bytes);
  return complete ? ExitCode::ok : ExitCode::io;
}

}  // namespace

void add_retention(CLI::App& root, Action& action) {
  CLI::App* command = root.add_subcommand("retention", "What the [[retention]] rules of the settings do");
  command->require_subcommand(1);
  CLI::App* planned =
      command->add_subcommand("plan", "Show what they would erase, without erasing; runs beside a serving instance");
  const auto config = add_config_option(*planned);
  planned->callback([&action, config] { action = [config] { return plan(*config); }; });
}

}  // namespace pharos::app
