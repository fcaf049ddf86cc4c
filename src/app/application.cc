#include "app/application.h"

#include <unistd.h>

#include "app/access_json.h"
#include "app/admin_orders.h"
#include "app/data_owner.h"
#include "app/deletion.h"
#include "app/file_limit.h"
#include "app/run_file.h"
#include "app/samples.h"
#include "metrics/access_metrics.h"
#include "metrics/ingest_metrics.h"
#include "metrics/monitor_metrics.h"
#include "metrics/net_metrics.h"
#include "metrics/plugin_metrics.h"
#include "metrics/relay_metrics.h"
#include "metrics/router_metrics.h"
#include "metrics/storage_metrics.h"
#include "net/listening.h"
#include "nostr/kind.h"
#include "nostr/nip19.h"
#include "nostr/schnorr.h"
#include "router/status.h"
#include "util/log.h"

namespace pharos::app {
namespace {

constexpr std::size_t kPoolQueue = 32'768;
constexpr auto kIdleTimeout = std::chrono::seconds(10);

StartFailure start_failure(const storage::StorageFailure& failure) {
  return {exit_code(failure.error), failure_text(failure)};
}

}  // namespace

Application::Application(config::Settings settings, AllOptions options)
    : settings_(std::move(settings)), options_(std::move(options)) {}

Application::~Application() { stop(); }

Result<void, StartFailure> Application::start() {
  started_ = clock_.unix_now();
  show_taken(options_, {});
  PHAROS_TRYV(open_store());
  PHAROS_TRYV(check_addresses());
  PHAROS_TRYV(load_identity_key());
  PHAROS_TRYV(load_access());
  PHAROS_TRYV(load_tls());
  tell_environment(settings_);
  check_file_limit();
  sample_process(registry_);
  sample_store(registry_, *store_, options_.store.directory);

  pool_ = std::make_unique<WorkerPool>("worker", options_.workers, kPoolQueue);
  sample_pool(registry_, *pool_);
  sample_relay_queues(registry_, options_.relay, options_.shards);
  plugin_ = std::make_unique<ingest::Plugin>(options_.plugin, clock_, random_, metrics::make_plugin_metrics(registry_));
  options_.ingest.access = moderation_->rules();
  options_.ingest.admission.retention = retention_rules_;
  options_.ingest.requests = membership_.get();
  options_.ingest.author_salt = random_.next_u64();
  pipeline_ = ingest::make_pipeline(options_.ingest, *store_, *pool_, clock_, metrics::make_ingest_metrics(registry_),
                                    plugin_.get());
  if (membership_) {
    const ingest::AdmissionOptions& admission = options_.ingest.admission;
    member_list_ =
        std::make_unique<MemberList>(*store_, *pipeline_, moderation_->rules(), clock_, random_, identity_->secret,
                                     MemberListLimits{admission.max_tags, admission.max_event_bytes});
  }
  shards_ = std::make_unique<net::IoShards>(options_.shards, metrics::make_net_metrics(registry_));
  heartbeat_ = std::make_unique<Heartbeat>(*shards_, clock_);
  shards_->start();

  retention_ = std::make_unique<storage::RetentionKeeper>(*store_, clock_, options_.retention,
                                                          metrics::make_storage_metrics(registry_), retention_rules_);

  PHAROS_TRYV(start_relay());
  start_router();
  start_monitor();
  PHAROS_TRYV(start_admin());

  const std::string relay_address = relay_->addresses().front();
  if (!RunFile::write(options_.store.directory, {::getpid(), relay_address, admin_->address()})) {
    return StartFailure{ExitCode::io, options_.store.directory.string() + ": cannot write run.json"};
  }
  wrote_run_file_ = true;
  watch_files();
  registry_.gauge(metrics::MetricId::config_last_reload_successful).set(1);
  registry_.gauge(metrics::MetricId::config_last_reload_success_timestamp_seconds).set(clock_.unix_now());
  log::info("app", "serving",
            {{"version", PHAROS_VERSION},
             {"relay", relay_address},
             {"tls", tls_->get() != nullptr},
             {"admin", admin_->address()},
             {"self", encode_npub(identity_->pubkey)},
             {"last_seq", store_->last_seq()}});
  return success();
}

void Application::check_file_limit() const {
  const std::size_t limit = raise_file_limit();
  const std::size_t wanted = options_.relay.listeners.front().max_connections + kSpareDescriptors;
  if (limit >= wanted) return;
  log::warn("app", "fewer files may be open than relay.max_connections needs; raise LimitNOFILE",
            {{"limit", limit}, {"wanted", wanted}});
}

Result<void, StartFailure> Application::open_store() {
  if (const auto refusal = refuse_as_root(options_.store.directory, ::geteuid()))
    return StartFailure{ExitCode::permission, *refusal};
  auto opened = storage::Store::open(options_.store, clock_, metrics::make_storage_metrics(registry_));
  if (!opened) return start_failure(opened.error());
  store_ = std::move(opened).value();
  options_.relay.search = store_->word_index();
  return success();
}

Result<void, StartFailure> Application::check_addresses() const {
  for (const char* key : {"relay.listen", "admin.listen"}) {
    if (const auto fault = net::check_listening(settings_.values.text(key)))
      return StartFailure{ExitCode::failure, config::error_at(settings_, key, fault->detail).text()};
  }
  return success();
}

Result<void, StartFailure> Application::load_identity_key() {
  auto loaded = load_or_create_identity({options_.identity_file, options_.store.directory}, random_);
  if (!loaded) {
    return StartFailure{loaded.error().permission ? ExitCode::permission : ExitCode::settings, loaded.error().detail};
  }
  identity_ = std::move(loaded).value();
  if (identity_->created) {
    log::info("app", "made the relay's identity",
              {{"file", identity_->file.string()}, {"npub", encode_npub(identity_->pubkey)}});
    if (store_->last_seq() > 0)
      log::warn("app",
                "the database is older than this identity: for others the relay is another one now; if its key was "
                "kept elsewhere, stop and put it there",
                {{"file", identity_->file.string()}});
  }
  options_.relay.info.self = identity_->pubkey.hex();
  return success();
}

Result<void, StartFailure> Application::load_access() {
  auto opened = ingest::Moderation::open(*store_, clock_, metrics::make_access_metrics(registry_));
  if (!opened) return start_failure(opened.error());
  moderation_ = std::move(opened).value();
  if (options_.access.takes_requests) take_requests();
  moderation_->set_fixed(fixed_access(options_));
  return success();
}

void Application::take_requests() {
  membership_ = std::make_unique<ingest::Membership>(*moderation_, clock_, random_, identity_->secret,
                                                     options_.membership, metrics::make_access_metrics(registry_));
  options_.relay.make_invite = [this](const PublicKey& inviter) {
    Event event;
    event.kind = kind::kInvite;
    event.created_at = clock_.unix_now();
    event.tags = membership_->invite(inviter);
    sign_event(event, identity_->secret, random_);
    return event;
  };
}

ingest::FixedAccess Application::fixed_access(const AllOptions& options) const {
  ingest::FixedAccess fixed = options.access;
  fixed.exempt.insert(identity_->pubkey);
  fixed.takes_requests = membership_ != nullptr && fixed.members_only != ingest::MembersOnly::off;
  return fixed;
}

Result<void, StartFailure> Application::load_tls() {
  tls_ = std::make_shared<Snapshot<net::TlsContext>>(nullptr);
  if (options_.tls_certificate.empty()) return success();
  auto context = net::TlsContext::load(options_.tls_certificate, options_.tls_key);
  if (!context) return StartFailure{ExitCode::settings, context.error().detail};
  use_tls(std::move(context).value());
  return success();
}

void Application::use_tls(std::shared_ptr<const net::TlsContext> context) {
  tls_->set(context);
  if (!context) return;
  registry_.gauge(metrics::MetricId::tls_certificate_not_after_timestamp_seconds, {"relay"})
      .set(context->not_after_unix_seconds());
}

Result<void, StartFailure> Application::start_relay() {
  relay_ = std::make_unique<relay::RelayServer>(
      options_.relay, relay::RelayServer::Services{*shards_, *store_, *pipeline_, *pool_, clock_, random_,
                                                   metrics::make_relay_metrics(registry_), tls_, moderation_.get()});
  moderation_->set_listeners(
      [this] { relay_->access_changed(); },
      [this](std::vector<Filter> filters) { erase_banned(*store_, moderation_->rules(), std::move(filters)); });
  erase_all_banned(*store_, moderation_->rules());
  // Shows what it finds to the relay as well.
  trust_ = std::make_shared<ingest::TrustKeeper>(
      *store_, *pool_, clock_, random_, metrics::make_access_metrics(registry_),
      [this](std::shared_ptr<const ingest::TrustedKeys> keys) { moderation_->set_trusted(std::move(keys)); });
  trust_->configure(options_.trust);
  if (auto started = relay_->start(); !started)
    return StartFailure{ExitCode::failure, config::error_at(settings_, "relay.listen", started.error().detail).text()};
  return success();
}

void Application::start_router() {
  const SecretKey secret = identity_->secret;
  router::RouterServices services{shards_->background(),
                                  *pipeline_,
                                  *store_,
                                  clock_,
                                  random_,
                                  [this, secret](Event& event) { sign_event(event, secret, random_); },
                                  identity_->pubkey,
                                  metrics::make_router_metrics(registry_)};
  router_ = std::make_unique<router::Router>(options_.router, std::move(services));
  router_->start();
}

void Application::start_monitor() {
  if (!options_.monitor.enabled) return;
  monitor_ = std::make_unique<monitor::Monitor>(
      options_.monitor, identity_->secret,
      monitor::MonitorDependencies{shards_->background(), *store_, *pipeline_, clock_, random_,
                                   metrics::make_monitor_metrics(registry_)});
  monitor_->start();
}

Result<void, StartFailure> Application::start_admin() {
  const AdminServices services{
      registry_,
      [this] { return unhealthy(); },
      [this] { return unready(); },
      [this] { return router::status_json(router_->status()); },
      [this] { return monitor_ ? monitor_->status_json() : std::string("{\"enabled\":false}"); },
      [this] { return store_->compact({}); },
      [this] { return to_json(status()); },
      [this] {
        return access_json(*moderation_->rules()->get(), moderation_->audit(),
                           moderation_->audit(ingest::AuditRing::requests));
      }};
  const AdminOrders orders{[this](ingest::AccessChange change, ingest::Moderation::Done done) {
                             moderation_->submit(std::move(change), "operator", std::move(done));
                           },
                           [this](Filter filter, bool dry_run, std::function<void(const Deletion&)> done) {
                             return delete_matching(*store_, std::move(filter), dry_run, std::move(done));
                           }};
  net::ServerHandlers handlers;
  handlers.on_http_later = [orders](const net::HttpRequest& request, const net::HttpAnswer& answer) {
    return take_order(orders, request, answer);
  };
  handlers.on_http = [services](const net::HttpRequest& request) { return answer_admin(services, request); };
  options_.admin.answer_timeout = kLongestDeletion;
  auto listening =
      net::Server::listen(options_.admin, *shards_, {&shards_->background()}, std::move(handlers), nullptr);
  if (!listening) {
    return StartFailure{ExitCode::failure,
                        config::error_at(settings_, "admin.listen", listening.error().detail).text()};
  }
  admin_ = std::move(listening).value();
  serving_ = true;
  return success();
}

std::string Application::unready() const {
  if (draining_) return "draining";
  if (store_->is_failing()) return "the database cannot be written";
  const auto txn = store_->read();
  if (!txn) return "the database cannot be read: " + txn.error().detail;
  if (store_->is_full()) return "the database has reached storage.map_size";
  return {};
}

void Application::tick() {
  heartbeat_->beat();
  if (member_list_) member_list_->tick();
  trust_->tick();
  if (!watch_) return;
  const bool has_changed = watch_->changed();
  if (watch_->is_gone(settings_.file)) {
    if (!std::exchange(settings_gone_, true)) refuse_settings({settings_.file + " is gone"});
  } else if (has_changed || (settings_gone_ && watch_->is_settled())) {
    settings_gone_ = false;
    log::info("app", "files changed, taking the settings anew", {{"file", settings_.file}});
    reload();
  }
}

void Application::watch_files() {
  std::vector<std::filesystem::path> files;
  for (const std::string& file : {settings_.file, options_.tls_certificate, options_.tls_key}) {
    if (!file.empty()) files.emplace_back(file);
  }
  watch_.reset();
  if (options_.watch_settings && !files.empty()) watch_.emplace(std::move(files));
}

void Application::stop() {
  if (stopped_) return;
  stopped_ = true;
  draining_ = true;
  if (wrote_run_file_) RunFile::remove(options_.store.directory);
  // What follows waits for commits, and they for the end of a compaction.
  if (store_) store_->give_up_compaction();
  // Clients first, so that nothing new comes in while upstreams and probes take their time to end.
  if (relay_) {
    const auto report = relay_->drain(options_.drain_timeout);
    log::info("app", "drained", {{"closed", report.closed}, {"cut", report.cut}});
  }
  if (monitor_) monitor_->stop();
  if (router_) router_->stop();
  if (pipeline_) {
    pipeline_->stop();
    // What it is asked about is settled now: it may take longer over it than there is time.
    plugin_->stop();
    if (!pipeline_->wait_idle(kIdleTimeout)) {
      log::warn("app", "events were still undecided when time was up; nobody was told that they are stored");
    }
  }
  if (admin_) admin_->stop_accepting();
  if (shards_) shards_->stop();
  if (pool_) pool_->stop();
  trust_.reset();
  if (retention_) retention_->stop();
  if (store_) store_->stop();
  // Connections and timers are gone with the loops; what made them may go now, in the opposite order.
  admin_.reset();
  monitor_.reset();
  router_.reset();
  relay_.reset();
  heartbeat_.reset();
  member_list_.reset();
  pipeline_.reset();
}

std::string Application::summary() const {
  return "serving on " + relay_->addresses().front() + ", last sequence number " + std::to_string(store_->last_seq());
}

}  // namespace pharos::app
