#include <algorithm>
#include <future>
#include <thread>

#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/commands/monitor_history.h"
#include "app/commands/status.h"
#include "app/file_limit.h"
#include "app/status_text.h"
#include "monitor/probe.h"
#include "monitor/report.h"

namespace pharos::app {
namespace {

struct CheckArguments {
  std::shared_ptr<std::string> config;
  std::vector<std::string> urls;
  bool json = false;
};

// Sockets of one probe: WebSocket, document, and the resolver's.
constexpr std::size_t kDescriptorsPerProbe = 8;

// Probes all, only so many at a time, and prints each report as it comes.
class Checks {
 public:
  Checks(std::vector<RelayUrl> urls, const monitor::ProbeOptions& options, bool json, net::IoShard& shard)
      : urls_(std::move(urls)), options_(options), json_(json), shard_(shard) {}

  // Blocks until all are done; true when all are relays and online.
  bool run(std::size_t at_once) {
    auto ended = ended_.get_future();
    shard_.post([this, at_once] {
      for (std::size_t i = 0; i < at_once; ++i) begin_next();
    });
    ended.get();
    return all_online_;
  }

 private:
  void begin_next() {
    if (next_ == urls_.size()) return;
    monitor::probe_once(shard_, urls_[next_++], options_, clock_, random_,
                        [this](const RelayUrl& url, const monitor::ProbeResult& result) { report(url, result); });
  }
  void report(const RelayUrl& url, const monitor::ProbeResult& result) {
    fmt::print("{}\n", json_ ? render_json(url, result) : render_text(url, result));
    if (!result.is_relay()) all_online_ = false;
    begin_next();
    if (++done_ == urls_.size()) ended_.set_value();
  }

  const std::vector<RelayUrl> urls_;
  const monitor::ProbeOptions options_;
  const bool json_;
  net::IoShard& shard_;
  const SystemClock clock_;
  SystemRandom random_;
  std::promise<void> ended_;
  // Of the shard, until ended_.
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  bool all_online_ = true;
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
  const std::size_t files = raise_file_limit();
  monitor::ProbeOptions options = loaded->options.monitor.probe;
  options.allow_private_addresses = true;  // whoever names a target on the command line means it
  net::IoShards shards(1);
  shards.start();
  Checks checks(std::move(urls), options, arguments.json, shards.background());
  const std::size_t at_once =
      std::clamp<std::size_t>(files / kDescriptorsPerProbe, 1, loaded->options.monitor.schedule.concurrency[0]);
  const bool all_online = checks.run(at_once);
  shards.stop();
  return all_online ? ExitCode::ok : ExitCode::partial;
}

}  // namespace

void add_monitor(CLI::App& root, Action& action) {
  CLI::App* group = root.add_subcommand("monitor", "Watching relays (NIP-66)");
  group->require_subcommand(1);
  add_status(*group, action, "Targets, their state and what was published", "/api/v1/monitor",
             [](const std::string& json, const std::string& config_file) {
               const auto now = check_settings(config_file, config::process_environment(),
                                               std::thread::hardware_concurrency(), NamedFiles::ignored);
               return monitor_status_text(json, now && now.value().options.monitor.enabled);
             });
  add_monitor_history(*group, action);
  CLI::App* command = group->add_subcommand("check", "Probe relays once, now; nothing is stored or published");
  auto arguments = std::make_shared<CheckArguments>();
  arguments->config = add_config_option(*command);
  command->add_option("urls", arguments->urls, "Relay URLs")->required();
  command->add_flag("--json", arguments->json, "One JSON object a line");
  command->callback([&action, arguments] { action = [arguments] { return check(*arguments); }; });
}

}  // namespace pharos::app
