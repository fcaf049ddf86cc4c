// The serving program: everything made, connected, started and stopped in one place. The composition root.
// One thread makes it and runs it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "app/admin.h"
#include "app/exit_code.h"
#include "app/file_watch.h"
#include "app/heartbeat.h"
#include "app/identity.h"
#include "app/instance_status.h"
#include "app/member_list.h"
#include "app/options_map.h"
#include "ingest/membership.h"
#include "ingest/moderation.h"
#include "ingest/pipeline.h"
#include "ingest/plugin.h"
#include "ingest/trust_keeper.h"
#include "metrics/registry.h"
#include "monitor/monitor.h"
#include "net/tls.h"
#include "relay/server.h"
#include "router/router.h"
#include "storage/store.h"
#include "util/worker_pool.h"

namespace pharos::app {

struct StartFailure {
  ExitCode code = ExitCode::failure;
  std::string detail;
};

class Application {
 public:
  Application(config::Settings settings, AllOptions options);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Opens the database, starts threads and listeners, writes the run file.
  Result<void, StartFailure> start();
  // About once a second while it runs.
  void tick();
  // "" when the loops turn.
  std::string unhealthy() const { return heartbeat_->problem(); }
  // Takes what can be taken without a restart: all or nothing. Logs what needs a restart, and errors.
  void reload();
  // Stops accepting, finishes what is acknowledged, closes everything, within bounds of time. Idempotent.
  void stop();

  // One line for the service manager.
  std::string summary() const;

 private:
  void check_file_limit() const;
  Result<void, StartFailure> open_store();
  // Nothing that outlives a start is made where it cannot succeed.
  Result<void, StartFailure> check_addresses() const;
  Result<void, StartFailure> load_identity_key();
  Result<void, StartFailure> load_access();
  // As the settings say, and the relay itself.
  ingest::FixedAccess fixed_access(const AllOptions& options) const;
  // NIP-43.
  void take_requests();
  Result<void, StartFailure> load_tls();
  void use_tls(std::shared_ptr<const net::TlsContext> context);
  Result<void, StartFailure> start_relay();
  Result<void, StartFailure> start_admin();
  void start_router();
  void start_monitor();
  std::string unready() const;
  void watch_files();
  static void tell_environment(const config::Settings& settings);
  // For the status.
  void show_taken(const AllOptions& options, std::vector<std::string> restart_keys);
  void refuse_settings(std::vector<std::string> why);
  InstanceStatus status();

  config::Settings settings_;
  AllOptions options_;
  SystemClock clock_;
  SystemRandom random_;
  metrics::Registry registry_;
  std::optional<Identity> identity_;
  std::shared_ptr<Snapshot<net::TlsContext>> tls_;
  std::atomic<bool> serving_{false};  // all of it is made; handlers of the admin listener run a moment earlier
  std::atomic<bool> draining_{false};
  UnixSeconds started_ = 0;
  bool stopped_ = false;
  Snapshot<SettingsState> settings_state_{std::make_shared<const SettingsState>()};
  bool settings_gone_ = false;      // and that was told
  std::optional<FileWatch> watch_;  // of the settings and the files they name
  bool wrote_run_file_ = false;     // the run file of another instance on the same data is not ours to remove

  // In the order in which they are made; stopped in the opposite one.
  std::unique_ptr<storage::Store> store_;
  const std::shared_ptr<Snapshot<storage::RetentionRules>> retention_rules_ =
      std::make_shared<Snapshot<storage::RetentionRules>>(std::make_shared<const storage::RetentionRules>());
  std::unique_ptr<storage::RetentionKeeper> retention_;
  std::unique_ptr<ingest::Moderation> moderation_;
  std::unique_ptr<ingest::Membership> membership_;  // where requests to join are taken
  std::unique_ptr<WorkerPool> pool_;
  std::shared_ptr<ingest::TrustKeeper> trust_;
  std::unique_ptr<ingest::Plugin> plugin_;
  std::unique_ptr<ingest::Pipeline> pipeline_;
  std::unique_ptr<MemberList> member_list_;  // where requests to join are taken
  std::unique_ptr<net::IoShards> shards_;
  std::unique_ptr<Heartbeat> heartbeat_;
  std::unique_ptr<relay::RelayServer> relay_;
  std::unique_ptr<router::Router> router_;
  std::unique_ptr<monitor::Monitor> monitor_;
  std::unique_ptr<net::Server> admin_;
};

}  // namespace pharos::app
