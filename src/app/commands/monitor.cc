#include <condition_variable>

#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/commands/status.h"
#include "app/status_text.h"
#include "monitor/probe.h"
#include "monitor/report.h"
#include "util/sync.h"

namespace pharos::app {
namespace {

struct CheckArguments {
  std::shared_ptr<std::string> config;
  std::vector<std::string> urls;
  bool json = false;
};

// Prints each report as it comes and remembers whether all were online.
class Reports {
 public:
  explicit Reports(bool json) : json_(json) {}

  void add(const RelayUrl& url, const monitor::ProbeResult& result) {
    Lock lock(mutex_);
    fmt::print("{}\n", json_ ? render_json(url, result) : render_text(url, result));
    if (!result.is_relay()) all_online_ = false;
    ++done_;
    changed_.notify_all();
  }
  bool wait_for(std::size_t count) {
    Lock lock(mutex_);
    while (done_ < count) lock.wait(changed_);
    return all_online_;
  }

 private:
  const bool json_;
  Mutex mutex_;
  std::condition_variable changed_;
  std::size_t done_ PHAROS_GUARDED_BY(mutex_) = 0;
  bool all_online_ PHAROS_GUARDED_BY(mutex_) = true;
};

ExitCode check(const CheckArguments& arguments) {
  const auto loaded = load_or_complain(*arguments.config);
  if (!loaded) return ExitCode::settings;
  std::vector<RelayUrl> urls;
  for (const std::string& text : arguments.urls) {
    auto url = RelayUrl::parse(text);
    if (!url) {
      complain(text + ": " + std::string(describe(url.error())));
      return ExitCode::usage;
    }
    urls.push_back(std::move(url).value());
  }
  monitor::ProbeOptions options = loaded->options.monitor.probe;
  options.allow_private_addresses = true;  // whoever names a target on the command line means it
  const SystemClock clock;
  SystemRandom random;
  Reports reports(arguments.json);
  net::IoShards shards(1);
  shards.start();
  for (const RelayUrl& url : urls) {
    monitor::probe_once(
        shards.background(), url, options, clock, random,
        [&reports](const RelayUrl& probed, const monitor::ProbeResult& result) { reports.add(probed, result); });
  }
  const bool all_online = reports.wait_for(urls.size());
  shards.stop();
  return all_online ? ExitCode::ok : ExitCode::partial;
}

}  // namespace

void add_monitor(CLI::App& root, Action& action) {
  CLI::App* group = root.add_subcommand("monitor", "Watching relays (NIP-66)");
  group->require_subcommand(1);
  add_status(*group, action, "Targets, their state and what was published", "/api/v1/monitor", monitor_status_text);
  CLI::App* command = group->add_subcommand("check", "Probe relays once, now; nothing is stored or published");
  auto arguments = std::make_shared<CheckArguments>();
  arguments->config = add_config_option(*command);
  command->add_option("urls", arguments->urls, "Relay URLs")->required();
  command->add_flag("--json", arguments->json, "One JSON object a line");
  command->callback([&action, arguments] { action = [arguments] { return check(*arguments); }; });
}

}  // namespace pharos::app
