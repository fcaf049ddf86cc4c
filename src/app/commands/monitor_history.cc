#include "app/commands/monitor_history.h"

#include <ctime>

#include <fmt/chrono.h>

#include "monitor/report.h"
#include "monitor/result_store.h"

namespace pharos::app {
namespace {

struct HistoryArguments {
  std::shared_ptr<std::string> config;
  std::string url;
  std::size_t limit = 100;
  bool json = false;
};

ExitCode history(const HistoryArguments& arguments) {
  const auto url = RelayUrl::parse(arguments.url);
  if (!url) {
    complain(arguments.url + ": " + std::string(describe(url.error())));
    return ExitCode::usage;
  }
  const SystemClock clock;
  const OpenedStore opened = open_read_only(*arguments.config, clock);
  if (!opened.store) return opened.code;
  const monitor::ResultStore results(*opened.store, opened.loaded->options.monitor.history_per_target);
  const auto kept = results.history(url.value().text(), arguments.limit);
  if (kept.empty()) {
    complain("no results of " + url.value().text() + " are kept");
    return ExitCode::failure;
  }
  for (monitor::ProbeResult result : kept) {
    if (arguments.json) {
      if (result.nip11_digest) result.nip11_document = results.document(*result.nip11_digest).value_or("");
      fmt::print("{}\n", render_json(url.value(), result));
    } else {
      const auto at = static_cast<std::time_t>(result.started_unix_ms / 1000);
      fmt::print("{:%Y-%m-%dT%H:%M:%SZ}  {}\n", fmt::gmtime(at), render_line(result));
    }
  }
  return ExitCode::ok;
}

}  // namespace

void add_monitor_history(CLI::App& group, Action& action) {
  CLI::App* command = group.add_subcommand("history", "Kept results of a target, newest first");
  auto arguments = std::make_shared<HistoryArguments>();
  arguments->config = add_config_option(*command);
  command->add_option("url", arguments->url, "Relay URL")->required();
  command->add_option("--limit", arguments->limit, "At most so many");
  command->add_flag("--json", arguments->json, "One JSON object a line");
  command->callback([&action, arguments] { action = [arguments] { return history(*arguments); }; });
}

}  // namespace pharos::app
