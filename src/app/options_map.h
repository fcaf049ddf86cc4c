// Settings to the options of each layer: the one place that knows both names. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/loader.h"
#include "config/settings.h"
#include "ingest/access_lists.h"
#include "ingest/membership.h"
#include "ingest/pipeline.h"
#include "ingest/plugin_options.h"
#include "ingest/trust_keeper.h"
#include "monitor/options.h"
#include "relay/options.h"
#include "router/options.h"
#include "storage/retention_keeper.h"
#include "storage/store.h"
#include "util/log.h"
#include "util/result.h"

namespace pharos::app {

struct AllOptions {
  storage::StoreOptions store;
  storage::RetentionOptions retention;
  ingest::Options ingest;
  ingest::PluginOptions plugin;
  ingest::MembershipOptions membership;
  ingest::TrustOptions trust;
  ingest::FixedAccess access;  // the relay's own identity is not among the exempt yet
  relay::Options relay;
  router::RouterOptions router;
  monitor::MonitorOptions monitor;
  net::ServerOptions admin;
  std::string identity_file;
  bool watch_settings = true;
  std::string tls_certificate;  // both or none
  std::string tls_key;
  std::chrono::milliseconds drain_timeout{0};
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::text;
  std::size_t shards = 1;
  std::size_t workers = 1;
};

struct ThreadCounts {
  std::size_t shards = 1;
  std::size_t workers = 1;
};
// Where the settings leave it to the number of cores. Sockets take the smaller half: signatures and scans are what
// costs. On two cores a second worker would store a third more events a second, and cheap questions would wait longer
// beside scans (tests/bench/README.md).
ThreadCounts default_threads(std::size_t cores);

// What the table of settings cannot check alone: URLs, filters, keys, pairs. cores is the machine's.
Result<AllOptions, std::vector<config::SettingError>> map_options(const config::Settings& settings, std::size_t cores);

}  // namespace pharos::app
