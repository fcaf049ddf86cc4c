#include "app/sync.h"

#include <fmt/format.h>
#include <unistd.h>

#include "app/commands/command.h"
#include "app/commands/selection.h"
#include "app/data_owner.h"
#include "app/event_target.h"
#include "app/identity.h"
#include "app/patience.h"
#include "app/progress.h"
#include "app/run_file.h"
#include "app/stored_rules.h"
#include "ingest/plugin.h"
#include "nostr/schnorr.h"

namespace pharos::app {
namespace {

struct SyncArguments {
  std::shared_ptr<std::string> config;
  Selection selection;
  std::string url;
  std::string direction = "both";
};

bool goes(const std::string& direction, const char* way) { return direction == way || direction == "both"; }

net::DialOptions dial_options(const AllOptions& options, const RelayUrl& url) {
  net::DialOptions dial;
  dial.ca_file = options.router.ca_file;
  dial.user_agent = options.router.user_agent;
  if (url.network() == Network::tor) dial.socks5_proxy = options.monitor.probe.socks5_proxy;
  // Answers of negentropy are long, and whoever names a relay on the command line means it.
  dial.ws.max_message_bytes = 64U << 20U;
  dial.ws.max_outbound_bytes = 64U << 20U;
  return dial;
}

// As this relay, which may have no key yet, unless an upstream of that URL is not to know.
void authenticate(RelayLink& link, const RelayUrl& url, const AllOptions& options, Random& random, const Clock& clock) {
  for (const auto& upstream : options.router.upstreams) {
    if (upstream.url == url && !upstream.auth) return;
  }
  const auto identity = load_identity({options.identity_file, options.store.directory});
  if (!identity) return;
  const auto sign = [secret = identity.value().secret, &random](Event& event) { sign_event(event, secret, random); };
  link.authenticate_as(url, sign, clock);
}

void print_tally(const char* what, const EventTally& tally) {
  fmt::print("{}: {} stored, {} known already, {} refused\n", what, tally.stored, tally.duplicate, tally.refused);
  for (const auto& [reason, count] : tally.reasons) fmt::print("  {} x {}\n", count, reason);
}

// The database of the settings, and where events for it go.
struct Here {
  SystemRandom random;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<WorkerPool> pool;
  std::unique_ptr<ingest::Plugin> plugin;
  std::unique_ptr<ingest::Pipeline> pipeline;
  std::unique_ptr<RelayLink> instance;
  std::unique_ptr<EventTarget> target;  // nullptr: nothing is fetched

  // The target is told of verdicts until the store has stopped.
  ~Here() {
    if (pipeline) pipeline->stop();
    if (plugin) plugin->stop();
    if (pool) pool->stop();
    if (store) store->stop();
  }
};

// The instance's own address, as a client would dial it. "0.0.0.0" and "[::]" stand for this machine.
Result<RelayUrl, std::string> url_of(const RunInfo& running, const AllOptions& options) {
  if (!options.tls_certificate.empty()) {
    // Its certificate is made out to the name that the public knows.
    if (options.relay.urls.empty()) {
      return failure(
          std::string("the running instance serves wss: name its URL in relay.url, stop it, or sync with --dir up"));
    }
    return success(RelayUrl::parse(options.relay.urls.front()).value());
  }
  auto url = RelayUrl::parse("ws://" + running.relay + options.relay.path);
  if (!url) return failure("the running instance's address " + running.relay + " is no URL");
  return success(std::move(url).value());
}

// A relay that takes no more connections for now is asked again.
Result<void, std::string> dial(RelayLink& link, const RelayUrl& url, const AllOptions& options) {
  Patience patience({}, link);
  while (true) {
    auto dialed = link.dial(url, dial_options(options, url));
    if (dialed) return success();
    if (!dialed.error().is_for_now || patience.is_lost()) return failure(std::move(dialed.error().why));
    link.pause(patience.pause());
  }
}

ExitCode open_here(const AllOptions& options, const RelayUrl& from, bool fetches, net::IoShard& shard,
                   const Clock& clock, Here& here) {
  const auto running = RunFile::read(options.store.directory);
  storage::StoreOptions store_options = options.store;
  store_options.read_only = running || !fetches;
  if (!store_options.read_only) {
    if (const auto refusal = refuse_as_root(store_options.directory, ::geteuid())) {
      complain(*refusal);
      return ExitCode::permission;
    }
  }
  auto store = storage::Store::open(store_options, clock);
  if (!store) {
    complain(failure_text(store.error()));
    return exit_code(store.error().error);
  }
  here.store = std::move(store).value();
  if (!fetches) return ExitCode::ok;
  if (!running) {
    here.pool = std::make_unique<WorkerPool>("worker", options.workers, options.ingest.max_in_flight + 1);
    const auto rules = with_stored_rules(*here.store, options, clock.unix_now());
    if (!rules) {
      complain(failure_text(rules.error()));
      return exit_code(rules.error().error);
    }
    here.plugin = std::make_unique<ingest::Plugin>(ingest::for_one_source(options.plugin, ingest::Source::router),
                                                   clock, here.random);
    here.pipeline = ingest::make_pipeline(rules.value(), *here.store, *here.pool, clock, {}, here.plugin.get());
    here.target = std::make_unique<PipelineTarget>(
        *here.pipeline, std::make_shared<const ingest::Sender>(ingest::Sender{from.text(), nullptr}));
    return ExitCode::ok;
  }
  const auto url = url_of(*running, options);
  if (!url) {
    complain(url.error());
    return ExitCode::unavailable;
  }
  here.instance = std::make_unique<RelayLink>(shard);
  if (const auto dialed = dial(*here.instance, url.value(), options); !dialed) {
    complain("the running instance at " + url.value().text() + ": " + dialed.error());
    return ExitCode::unavailable;
  }
  authenticate(*here.instance, url.value(), options, here.random, clock);
  here.target = std::make_unique<LinkTarget>(*here.instance, SyncOptions().timeout);
  return ExitCode::ok;
}

ExitCode sync_with(const RelayUrl& url, std::vector<Filter> filters, const std::string& direction,
                   const AllOptions& options, net::IoShard& shard) {
  const SystemClock clock;
  Here here;
  const ExitCode opened = open_here(options, url, goes(direction, "down"), shard, clock, here);
  if (opened != ExitCode::ok) return opened;
  RelayLink link(shard);
  authenticate(link, url, options, here.random, clock);
  if (const auto dialed = dial(link, url, options); !dialed) {
    complain(url.text() + ": " + dialed.error());
    return ExitCode::unavailable;
  }
  const SteadyTime start = clock.now();
  Progress progress(clock);
  SyncOptions sync_options;
  sync_options.up = goes(direction, "up");
  LinkTarget sent(link, sync_options.timeout);
  Sync sync(link, *here.store, here.target.get(), sent, sync_options, clock, progress);
  const auto done = sync.run(std::move(filters));
  progress.clear();
  if (!done) {
    complain(url.text() + ": " + done.error());
    complain(sync.report().compared == 0 ? "nothing was compared" : "it ended before all was compared; until then:");
    if (sync.report().compared == 0) return ExitCode::unavailable;
  }
  fmt::print("{}", sync.report().text());
  if (here.target) print_tally("fetched", here.target->tally());
  if (sync_options.up) print_tally("sent", sent.tally());
  if (direction == "none") fmt::print("nothing was fetched or sent: --dir none\n");
  fmt::print("{:.1f} s, {} bytes sent, {} received\n", std::chrono::duration<double>(clock.now() - start).count(),
             link.sent_bytes(), link.received_bytes());
  if (!done) return ExitCode::unavailable;
  const bool is_whole = sync.report().missing == 0 && sync.report().complete && sent.tally().refused == 0 &&
                        (!here.target || here.target->tally().refused == 0);
  return is_whole ? ExitCode::ok : ExitCode::partial;
}

ExitCode sync_events(const SyncArguments& arguments) {
  auto filters = arguments.selection.filters();
  if (!filters) {
    complain(filters.error());
    return ExitCode::usage;
  }
  for (const Filter& filter : filters.value()) {
    if (!filter.limit) continue;
    complain("--filter: a limit has no meaning here");
    return ExitCode::usage;
  }
  const auto url = RelayUrl::parse(arguments.url);
  if (!url) {
    complain(arguments.url + ": " + std::string(describe(url.error())));
    return ExitCode::usage;
  }
  const auto loaded = load_or_complain(*arguments.config);
  if (!loaded) return ExitCode::settings;
  net::IoShards shards(1);
  shards.start();
  const ExitCode code =
      sync_with(url.value(), std::move(filters).value(), arguments.direction, loaded->options, shards.background());
  shards.stop();
  return code;
}

}  // namespace

void add_sync(CLI::App& root, Action& action) {
  CLI::App* command =
      root.add_subcommand("sync",
                          "Make the stored events and those of another relay equal, by negentropy (NIP-77) where it "
                          "has that, else by asking "
                          "for everything. Fetched events go through a running instance, which refuses what it would "
                          "of any client, or into "
                          "the database where none runs. Private messages and protected events are never sent");
  auto arguments = std::make_shared<SyncArguments>();
  arguments->config = add_config_option(*command);
  command->add_option("url", arguments->url, "The relay")->required();
  arguments->selection.add_options(*command);
  command
      ->add_option("--dir", arguments->direction,
                   "down: fetch what is missing here; up: send what is missing there; none: tell how many are missing")
      ->check(CLI::IsMember({"both", "down", "up", "none"}))
      ->capture_default_str();
  command->callback([&action, arguments] { action = [arguments] { return sync_events(*arguments); }; });
}

}  // namespace pharos::app
