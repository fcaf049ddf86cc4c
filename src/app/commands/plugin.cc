#include <fmt/format.h>
#include <signal.h>

#include "app/commands/command.h"
#include "app/line_source.h"
#include "app/plugin_trial.h"
#include "nostr/event_json.h"

namespace pharos::app {
namespace {

struct TestArguments {
  std::shared_ptr<std::string> config;
  std::vector<std::string> words;
  std::string events;
  double timeout_seconds = 0;
};

// nullopt after a complaint.
std::optional<std::vector<TrialEvent>> read_events(const std::string& file) {
  auto lines = LineSource::open(file);
  if (!lines) {
    complain(lines.error());
    return std::nullopt;
  }
  std::vector<TrialEvent> events;
  std::string_view line;
  while (true) {
    const LineSource::Next next = lines.value()->next(line);
    if (next == LineSource::Next::end) break;
    if (next == LineSource::Next::line && line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
    TrialEvent one;
    const auto parsed = next == LineSource::Next::line
                            ? parse_event(line, one.event)
                            : Result<void, EventParseFailure>(EventParseFailure{EventParseError::not_json, {}});
    if (!parsed) {
      complain(fmt::format("{}:{}: {}", file, lines.value()->line_number(), describe(parsed.error().error)));
      return std::nullopt;
    }
    events.push_back(std::move(one));
  }
  if (events.empty()) {
    complain(file + ": no events");
    return std::nullopt;
  }
  return events;
}

ExitCode test(const TestArguments& arguments) {
  const auto loaded = load_or_complain(*arguments.config);
  if (!loaded) return ExitCode::settings;
  const ingest::PluginOptions& plugin = loaded->options.plugin;
  TrialOptions options;
  options.words = arguments.words;
  if (options.words.empty()) options.words = {plugin.command};
  if (options.words.front().empty()) {
    complain("which plugin? name it behind -- or let plugin.command of --config do so");
    return ExitCode::usage;
  }
  // As the relay runs it; several words are taken as they are.
  if (options.words.size() == 1) options.words = {"/bin/sh", "-c", options.words.front()};
  options.timeout = plugin.timeout;
  if (arguments.timeout_seconds > 0) {
    options.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(arguments.timeout_seconds * 1000));
  }
  options.max_in_flight = plugin.max_in_flight;
  const SystemClock clock;
  SystemRandom random;
  std::vector<TrialEvent> events;
  if (arguments.events.empty()) {
    events = sample_trial_events(clock.unix_now(), random);
  } else if (auto read = read_events(arguments.events)) {
    events = std::move(*read);
  } else {
    return ExitCode::no_input;
  }
  ::signal(SIGPIPE, SIG_IGN);
  switch (try_plugin(options, events, clock, [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  })) {
    case TrialEnd::sound:
      return ExitCode::ok;
    case TrialEnd::faulty:
      return ExitCode::partial;
    case TrialEnd::unavailable:
      break;
  }
  return ExitCode::unavailable;
}

}  // namespace

void add_plugin(CLI::App& root, Action& action) {
  CLI::App* group = root.add_subcommand("plugin", "Write-policy plugins");
  group->require_subcommand(1);
  CLI::App* command = group->add_subcommand(
      "test", "Try a plugin: its decisions, how fast they come, and where it does not keep to the protocol");
  auto arguments = std::make_shared<TestArguments>();
  arguments->config = add_config_option(*command);
  command->add_option("-e,--events", arguments->events,
                      "Events as JSON lines, plain or zstd, - for standard input; else some of each sort are made up");
  command->add_option("--timeout", arguments->timeout_seconds, "Seconds for an answer; else plugin.timeout")
      ->check(CLI::Range(0.01, 3600.0));
  command->add_option("command", arguments->words,
                      "The plugin and its arguments, behind --; a single word is given to the shell; else "
                      "plugin.command of the settings");
  command->callback([&action, arguments] { action = [arguments] { return test(*arguments); }; });
}

}  // namespace pharos::app
