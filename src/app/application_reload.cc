// Other settings for a running instance.

#include <thread>

#include "app/application.h"
#include "app/settings_check.h"
#include "util/log.h"

namespace pharos::app {

// A key that the file seems to set, and does not, is hard to find otherwise.
void Application::tell_environment(const config::Settings& settings) {
  std::string keys;
  for (const std::string& key : config::keys_from_environment(settings)) keys += (keys.empty() ? "" : ", ") + key;
  if (!keys.empty()) log::info("app", "settings from the environment, which wins over the file", {{"keys", keys}});
}

void Application::show_taken(const AllOptions& options, std::vector<std::string> restart_keys) {
  SettingsState state;
  state.file = settings_.file;
  state.taken = clock_.unix_now();
  state.restart_keys = std::move(restart_keys);
  state.policy = !options.plugin.command.empty();
  state.policy_accepts_on_failure = options.plugin.accept_on_failure;
  state.retention_rules = options.retention.rules->size();
  settings_state_.set(std::make_shared<const SettingsState>(std::move(state)));
}

void Application::refuse_settings(std::vector<std::string> why) {
  registry_.gauge(metrics::MetricId::config_last_reload_successful).set(0);
  for (const std::string& each : why) log::error("app", "settings not taken, the old ones stay", {{"why", each}});
  SettingsState state = *settings_state_.get();
  state.refused = std::move(why);
  settings_state_.set(std::make_shared<const SettingsState>(std::move(state)));
}

void Application::reload() {
  // Whatever comes of it, these files are not taken again before they change again.
  watch_files();
  auto loaded = check_settings(settings_.file, config::process_environment(), std::thread::hardware_concurrency(),
                               NamedFiles::checked);
  if (!loaded) {
    std::vector<std::string> why;
    for (const auto& error : loaded.error()) why.push_back(error.text());
    return refuse_settings(std::move(why));
  }
  // One that was emptied or cut short is valid too, and would open a relay that is meant for few.
  const auto names_directory = [](const config::Settings& settings) {
    return !settings.values.origin("storage.directory").file.empty();
  };
  if (names_directory(settings_) && !names_directory(loaded.value().settings)) {
    return refuse_settings({settings_.file + " names no storage.directory any more, as if it were cut short"});
  }
  AllOptions next = std::move(loaded.value().options);
  std::shared_ptr<const net::TlsContext> context;
  if (!next.tls_certificate.empty()) {
    auto read = net::TlsContext::load(next.tls_certificate, next.tls_key);
    if (!read) return refuse_settings({read.error().detail});
    context = std::move(read).value();
  }
  log::configure(next.log_level, next.log_format);
  const auto restart_keys = config::changes_that_need_a_restart(settings_, loaded.value().settings);
  use_tls(context);
  next.relay.info.self = identity_->pubkey.hex();
  next.relay.listeners = options_.relay.listeners;
  next.relay.urls = options_.relay.urls;
  next.relay.gate_private_messages = options_.relay.gate_private_messages;
  next.relay.gate_drafts = options_.relay.gate_drafts;
  next.relay.monitoring = options_.relay.monitoring;
  next.relay.search = options_.relay.search;
  next.relay.make_invite = options_.relay.make_invite;
  relay_->reconfigure(next.relay);
  next.ingest.admission.retention = retention_rules_;
  next.ingest.admission.own_urls = options_.ingest.admission.own_urls;
  if (membership_) membership_->configure(next.membership);
  moderation_->set_fixed(fixed_access(next));
  trust_->configure(next.trust);
  pipeline_->set_admission(next.ingest.admission);
  pipeline_->set_author_rates(next.ingest.author_rates);
  retention_->reconfigure(next.retention);
  plugin_->configure(next.plugin);
  options_.router.upstreams = next.router.upstreams;
  router_->apply(options_.router);
  options_.relay = next.relay;
  options_.drain_timeout = next.drain_timeout;
  options_.watch_settings = next.watch_settings;
  options_.tls_certificate = next.tls_certificate;
  options_.tls_key = next.tls_key;
  for (const std::string& key : restart_keys) {
    log::warn("app", "this setting takes effect after a restart", {{"key", key}});
  }
  show_taken(next, restart_keys);
  registry_.gauge(metrics::MetricId::config_last_reload_successful).set(1);
  registry_.gauge(metrics::MetricId::config_last_reload_success_timestamp_seconds).set(clock_.unix_now());
  log::info("app", "settings taken", {{"file", settings_.file}});
  tell_environment(loaded.value().settings);
}

}  // namespace pharos::app
