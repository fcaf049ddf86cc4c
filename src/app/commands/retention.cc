#include "storage/retention.h"

#include <algorithm>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/progress.h"
#include "app/wording.h"
#include "storage/info.h"
#include "storage/retention_notice_store.h"
#include "storage/txn.h"

namespace pharos::app {
namespace {

std::string day_of(UnixSeconds time) { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(time))); }

using storage::RetentionWait;

// "" for what is in force: when it will be, where the settings of the plan stay what they are.
std::string not_before(const std::vector<RetentionWait>& waiting, RetentionWait::What what, const std::string& name) {
  const auto wait =
      std::ranges::find_if(waiting, [&](const RetentionWait& each) { return each.what == what && each.name == name; });
  if (wait == waiting.end()) return "";
  return fmt::format("; not before {:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(wait->until)));
}

void print_forecast(const storage::RetentionForecast& forecast, const std::vector<RetentionWait>& waiting) {
  const char* incomplete = forecast.complete ? "" : " (the database could not be read to the end)";
  const std::string later = not_before(waiting, RetentionWait::What::rule, forecast.rule);
  if (forecast.events == 0) {
    fmt::print("{}: nothing{}{}\n", forecast.rule, incomplete, later);
    return;
  }
  fmt::print("{}: {}, {} of records, created {} to {}{}{}\n", forecast.rule, counted(forecast.events, "event"),
             byte_size(forecast.bytes), day_of(forecast.oldest), day_of(forecast.newest), incomplete, later);
}

void print_size(const storage::Store& store, std::uint64_t max_size, const std::vector<RetentionWait>& waiting) {
  if (max_size == 0) return;
  const auto txn = store.read();
  if (!txn) return;
  const auto info = storage::read_info(txn.value(), store.tables());
  const std::uint64_t used = info.used_bytes - std::min(info.free_page_bytes, info.used_bytes);
  fmt::print("storage.max_size: {} of {} are in use{}{}\n", byte_size(used), byte_size(max_size),
             used > max_size ? "; regular events that came first go, in steps" : "",
             not_before(waiting, RetentionWait::What::size, ""));
}

// As if these settings were taken now.
std::vector<RetentionWait> waiting_under(const storage::RetentionOptions& options, const storage::Store& store,
                                         UnixSeconds now) {
  auto kept = storage::read_retention_notice(store);
  if (!kept || kept.value().is_new) return {};
  storage::RetentionNotice& notice = kept.value().notice;
  notice.take(*options.rules, options.max_size_bytes, now, options.notice);
  return notice.waiting(now);
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
  const std::vector<RetentionWait> waiting = waiting_under(options, *opened.store, clock.unix_now());
  fmt::print("These settings would erase, each rule seen alone:\n");
  bool complete = true;
  for (const storage::RetentionForecast& forecast : forecasts) {
    print_forecast(forecast, waiting);
    complete = complete && forecast.complete;
  }
  print_size(*opened.store, options.max_size_bytes, waiting);
  for (const RetentionWait& wait : waiting) {
    if (wait.what == RetentionWait::What::no_longer_kept)
      fmt::print("{}: no longer kept{}\n", wait.name, not_before(waiting, wait.what, wait.name));
  }
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
