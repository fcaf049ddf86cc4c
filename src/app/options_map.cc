#include "app/options_map.h"

#include <algorithm>
#include <set>

#include "app/access_map.h"
#include "app/filter_text.h"
#include "app/identity.h"
#include "app/info_map.h"
#include "app/limits_map.h"
#include "app/settings_reader.h"
#include "app/wording.h"
#include "config/value_parser.h"
#include "net/address_text.h"
#include "nostr/kind.h"
#include "relay/access.h"
#include "storage/reserve.h"

namespace pharos::app {
namespace {

using config::SettingError;
using config::Settings;
using config::Values;

constexpr double kPingBurstSeconds = 5;
constexpr std::size_t kLeastMaxSize = 16U << 20U;

log::Level log_level(const std::string& name) {
  if (name == "debug") return log::Level::debug;
  if (name == "warn") return log::Level::warn;
  if (name == "error") return log::Level::error;
  return log::Level::info;
}

log::Format log_format(const std::string& name) {
  if (name == "json") return log::Format::json;
  if (name == "journal") return log::Format::journal;
  return log::Format::text;
}

class Mapper : private SettingsReader {
 public:
  Mapper(const Settings& settings, std::size_t cores, std::vector<SettingError>& errors)
      : SettingsReader(settings, errors), cores_(cores) {}

  AllOptions run() {
    map_storage();
    map_retention();
    map_ingest();
    map_plugin();
    map_relay();
    map_access(settings_, all_, errors_);
    map_listener();
    map_limits(settings_, all_, errors_);
    map_router();
    for (const config::TableValues* upstream : settings_.tables_of("upstream")) map_upstream(*upstream);
    map_monitor();
    map_rest();
    return std::move(all_);
  }

 private:
  static std::string no_url(const std::string& text, RelayUrlError error) {
    return "\"" + text + "\" is no relay URL: " + std::string(describe(error));
  }
  std::optional<RelayUrl> relay_url(const std::string& key, const std::string& text) {
    auto url = RelayUrl::parse(text);
    if (url) return std::move(url).value();
    add(key, no_url(text, url.error()));
    return std::nullopt;
  }

  static std::string no_endpoint(const std::string& text) {
    return "\"" + text + "\" is not address:port (IPv6 as [address]:port); names are not resolved";
  }
  std::string endpoint(const std::string& key) {
    const std::string& text = values_.text(key);
    if (!net::is_endpoint_text(text)) add(key, no_endpoint(text));
    return text;
  }
  void map_storage() {
    storage::StoreOptions& store = all_.store;
    store.directory = values_.text("storage.directory");
    // Else it would depend on where a command is typed which database it opens.
    if (!store.directory.is_absolute()) add("storage.directory", "must be an absolute path, one that begins with /");
    store.map_size_bytes = static_cast<std::uint64_t>(values_.integer("storage.map_size"));
    store.max_readers = values_.size("storage.max_readers");
    store.queue_capacity = values_.size("storage.queue_capacity");
    store.batch_max_events = values_.size("storage.batch_max_events");
    store.batch_window = values_.duration("storage.batch_window");
    const std::string durability = values_.text("storage.durability");
    if (durability == "group") store.durability = storage::Durability::group;
    if (durability == "os") store.durability = storage::Durability::os;
    store.memtable_bytes = values_.size("storage.memtable_size");
    store.compression_level = static_cast<int>(values_.integer("storage.compression"));
    store.unpacked_bytes = values_.size("storage.unpacked_cache");
    map_search();
  }

  void map_search() {
    if (!values_.boolean("storage.search")) return;
    std::set<Kind> kinds;
    for (const Kind kind : whole_kinds("storage.search_kinds")) {
      const std::string text = std::to_string(kind);
      if (classify(kind) == KindClass::ephemeral) add("storage.search_kinds", text + " is never stored");
      if (relay::is_gated(kind)) add("storage.search_kinds", text + " is private, its content is encrypted");
      kinds.insert(kind);
    }
    if (kinds.empty()) add("storage.search_kinds", "at least one kind, or search = false");
    all_.store.searched.assign(kinds.begin(), kinds.end());
  }

  void map_retention() {
    storage::RetentionOptions& retention = all_.retention;
    retention.interval = values_.duration("storage.retention_interval");
    retention.notice = std::chrono::duration_cast<std::chrono::seconds>(values_.duration("storage.retention_notice"));
    retention.max_size_bytes = values_.size("storage.max_size");
    if (retention.max_size_bytes > 0 && retention.max_size_bytes < kLeastMaxSize)
      add("storage.max_size", "less than 16MiB would erase nearly everything; has the unit been forgotten?");
    const std::uint64_t most = all_.store.map_size_bytes - storage::reserve_bytes(all_.store);
    if (retention.max_size_bytes >= most)
      add_pair("storage.max_size", "storage.map_size",
               "is never reached: of storage.map_size a part is kept free, less than " + byte_size(most) +
                   " of it is ever used");
    storage::RetentionRules rules;
    for (const config::TableValues* table : settings_.tables_of("retention")) rules.push_back(retention_rule(*table));
    retention.rules = std::make_shared<const storage::RetentionRules>(std::move(rules));
  }

  storage::RetentionRule retention_rule(const config::TableValues& entry) {
    const Values& values = entry.values;
    storage::RetentionRule rule;
    rule.name = values.text("name");
    rule.filters = filters_without_limit(entry);
    rule.keep = values.boolean("keep");
    rule.max_age = std::chrono::duration_cast<std::chrono::seconds>(values.duration("max_age"));
    rule.max_events = values.size("max_events");
    rule.max_events_per_author = values.size("max_events_per_author");
    const bool bounds = rule.max_age.count() > 0 || rule.max_events > 0 || rule.max_events_per_author > 0;
    constexpr const char* kBounds[] = {"max_age", "max_events", "max_events_per_author"};
    if (std::ranges::any_of(kBounds, [&](const char* key) { return values.is_refused(key); })) return rule;
    if (bounds && rule.keep) add(entry, "keep", "a rule that keeps has no bounds");
    if (!bounds && !rule.keep)
      add(entry, "name", "the rule bounds nothing: max_age, max_events or max_events_per_author is missing");
    return rule;
  }

  // What a tree of sums can be kept of.
  std::vector<Filter> tree_filters() {
    std::vector<Filter> filters;
    for (const std::string& text : values_.list("relay.negentropy_trees")) {
      auto filter = read_filter(text);
      if (!filter) {
        add("relay.negentropy_trees", text + ": " + filter.error());
        continue;
      }
      const Filter& f = filter.value();
      if (f.ids || !f.tags.empty() || f.since || f.until || f.limit || f.search) {
        add("relay.negentropy_trees", text + ": only kinds and authors have a meaning here");
      } else {
        filters.push_back(std::move(filter).value());
      }
    }
    return filters;
  }

  std::vector<Filter> filters_without_limit(const config::TableValues& entry) {
    std::vector<Filter> filters;
    for (const std::string& text : entry.values.list("filters")) {
      auto filter = read_filter(text);
      if (filter && filter.value().limit)
        add(entry, "filters", text + ": limit has no meaning here");
      else if (filter && filter.value().search)
        add(entry, "filters", text + ": search has no meaning here");
      else if (filter)
        filters.push_back(std::move(filter).value());
      else
        add(entry, "filters", text + ": " + filter.error());
    }
    if (entry.values.list("filters").empty()) add(entry, "filters", "at least one filter, {} for everything");
    return filters;
  }

  void map_ingest() {
    ingest::AdmissionOptions& admission = all_.ingest.admission;
    admission.max_event_bytes = values_.size("ingest.max_event_bytes");
    admission.max_content_length = values_.size("ingest.max_content_length");
    admission.max_tags = values_.size("ingest.max_tags");
    admission.max_tag_item_bytes = values_.size("ingest.max_tag_item_bytes");
    admission.max_age = seconds("ingest.max_age");
    admission.max_ahead = seconds("ingest.max_ahead");
    admission.max_ephemeral_age = seconds("ingest.max_ephemeral_age");
    admission.min_pow_bits = static_cast<unsigned>(values_.integer("ingest.min_pow"));
    admission.require_pow_commitment = values_.boolean("ingest.require_pow_commitment");
    admission.honour_vanish = values_.boolean("ingest.vanish");
    for (const std::string& text : values_.list("relay.url")) {
      if (auto url = RelayUrl::parse(text)) admission.own_urls.push_back(std::move(url.value()));
    }
    all_.ingest.max_in_flight = values_.size("ingest.max_in_flight");
    all_.ingest.max_in_flight_bytes = values_.size("ingest.max_in_flight_bytes");
    all_.ingest.recent_ephemeral = values_.size("ingest.recent_ephemeral");
  }

  void map_plugin() {
    ingest::PluginOptions& plugin = all_.plugin;
    plugin.command = values_.text("plugin.command");
    plugin.timeout = values_.duration("plugin.timeout");
    plugin.patience = plugin.timeout;
    plugin.max_in_flight = values_.size("plugin.max_in_flight");
    plugin.queue_capacity = values_.size("plugin.queue_capacity");
    plugin.accept_on_failure = values_.text("plugin.on_failure") == "accept";
    plugin.backoff.first = values_.duration("plugin.backoff_first");
    plugin.backoff.cap = values_.duration("plugin.backoff_cap");
    must_not_exceed("plugin.backoff_first", "plugin.backoff_cap");
    const auto& sources = values_.list("plugin.sources");
    plugin.sources = {};
    for (const std::string& text : sources) {
      using ingest::Source;
      const Source known[] = {Source::client, Source::router, Source::import_};
      const auto source = std::ranges::find(known, text, [](Source one) { return ingest::name(one); });
      if (source == std::end(known))
        add("plugin.sources", "\"" + text + "\" is none of client, router, import");
      else
        plugin.sources[static_cast<std::size_t>(*source)] = true;
    }
    if (!values_.is_refused("plugin.sources") && !plugin.sources[static_cast<std::size_t>(ingest::Source::client)])
      add("plugin.sources", "must name client: a plugin is always asked about their events");
  }

  void map_relay() {
    relay::Options& relay = all_.relay;
    relay.urls.clear();
    for (const std::string& text : values_.list("relay.url")) {
      if (const auto url = relay_url("relay.url", text)) relay.urls.push_back(url->text());
    }
    map_info(settings_, all_, errors_);
    relay.admission = all_.ingest.admission;
    relay.count = values_.boolean("relay.count");
    const std::string eose_hint = values_.text("relay.eose_hint");
    if (eose_hint == "on") relay.eose_hint = relay::EoseHint::on;
    if (eose_hint == "listed") relay.eose_hint = relay::EoseHint::listed;
    relay.eose_hint_clients = values_.list("relay.eose_hint_clients");
    if (relay.eose_hint == relay::EoseHint::listed && relay.eose_hint_clients.empty())
      add_pair("relay.eose_hint_clients", "relay.eose_hint", "lists nobody, and relay.eose_hint is for those listed");
    relay.negentropy = values_.boolean("relay.negentropy");
    relay.negentropy_frame_bytes = values_.size("relay.negentropy_frame");
    relay.negentropy_trees = tree_filters();
    relay.max_negentropy_tree_bytes = values_.size("relay.max_negentropy_tree_memory");
    relay.max_negentropy_bytes = values_.size("relay.max_negentropy_memory");
    relay.gate_private_messages = values_.boolean("relay.gate_private_messages");
    relay.gate_drafts = values_.boolean("relay.gate_drafts");
    relay.monitoring = values_.boolean("monitor.enabled");
    relay::Limits& limits = relay.limits;
    limits.max_subscriptions = values_.size("relay.max_subscriptions");
    limits.max_filters = values_.size("relay.max_filters");
    limits.max_subscription_id = values_.size("relay.max_subscription_id");
    limits.max_search_candidates = values_.size("relay.max_search_candidates");
    limits.max_filter_values = values_.size("relay.max_filter_values");
    limits.default_limit = values_.size("relay.default_limit");
    limits.max_limit = values_.size("relay.max_limit");
    limits.max_events_per_req = values_.size("relay.max_events_per_req");
    limits.max_scanned_records = values_.size("relay.max_scanned_records");
    limits.max_pending_events = values_.size("relay.max_pending_events");
    limits.max_auth_keys = values_.size("relay.max_auth_keys");
    limits.max_running_scans = values_.size("relay.max_running_scans");
    limits.max_counts = values_.size("relay.max_counts");
    limits.max_negentropy_sessions = values_.size("relay.max_negentropy_sessions");
    limits.max_negentropy_records = values_.size("relay.max_negentropy_records");
    limits.negentropy_idle_timeout = values_.duration("relay.negentropy_idle_timeout");
    limits.max_auth_attempts = values_.size("relay.max_auth_attempts");
    limits.max_bad_messages = values_.size("relay.max_bad_messages");
    must_not_exceed("relay.default_limit", "relay.max_limit");
    must_not_exceed("relay.max_auth_keys", "relay.max_auth_attempts");
  }

  void map_listener() {
    net::ServerOptions& listener = all_.relay.listeners.front();
    listener.listen = endpoint("relay.listen");
    listener.max_connections = values_.size("relay.max_connections");
    listener.max_connections_per_address = values_.size("relay.max_connections_per_address");
    for (const IpRange& range : ip_ranges("relay.trusted_proxies")) listener.trusted_proxies.push_back(range);
    listener.proxy_protocol = values_.boolean("relay.proxy_protocol");
    listener.handshake_timeout = values_.duration("relay.handshake_timeout");
    listener.ws.max_message_bytes = values_.size("relay.max_message_bytes");
    listener.ws.max_outbound_bytes = values_.size("relay.max_outbound_bytes");
    listener.ws.low_water_bytes = std::min(listener.ws.low_water_bytes, listener.ws.max_outbound_bytes / 8);
    if (listener.ws.max_outbound_bytes / 2 < all_.ingest.admission.max_event_bytes) {
      add_pair("relay.max_outbound_bytes", "ingest.max_event_bytes",
               "must be at least twice ingest.max_event_bytes, or large events reach nobody");
    }
    listener.ws.ping_interval = values_.duration("relay.ping_interval");
    listener.ws.idle_timeout = values_.duration("relay.idle_timeout");
    listener.ws.deflate = values_.boolean("relay.deflate");
    listener.ws.deflate_context_takeover = values_.boolean("relay.deflate_context_takeover");
    listener.ws.pings_per_second = values_.real("relay.pings_per_second");
    listener.ws.ping_burst = std::max(1.0, kPingBurstSeconds * listener.ws.pings_per_second);
    must_exceed("relay.idle_timeout", "relay.ping_interval");
    all_.tls_certificate = values_.text("relay.tls_certificate");
    all_.tls_key = values_.text("relay.tls_key");
    if (all_.tls_certificate.empty() != all_.tls_key.empty()) {
      const bool no_key = all_.tls_key.empty();
      add_pair(no_key ? "relay.tls_key" : "relay.tls_certificate", no_key ? "relay.tls_certificate" : "relay.tls_key",
               "certificate and key are set together");
    }
  }

  void map_router() {
    router::RouterOptions& router = all_.router;
    router.dials_per_second = values_.real("router.dials_per_second");
    router.dial_burst = std::max(1.0, router.dials_per_second);
    router.ca_file = values_.text("router.ca_file");
    router.catchup.page_limit = values_.size("router.page_limit");
    router.catchup.parallel_requests = values_.size("router.parallel_requests");
    router.catchup.late_margin = seconds("router.late_margin");
    router.link.backoff.first = values_.duration("router.backoff_first");
    router.link.backoff.cap = values_.duration("router.backoff_cap");
    router.link.ping_interval = values_.duration("router.ping_interval");
    router.link.read_timeout = values_.duration("router.read_timeout");
    must_exceed("router.read_timeout", "router.ping_interval");
    must_not_exceed("router.backoff_first", "router.backoff_cap");
    must_not_exceed("router.read_timeout", "router.late_margin");
    router.link.max_message_bytes = values_.size("router.max_message_bytes");
    if (settings_.tables_of("upstream").size() > router.max_upstreams) {
      add("upstream", "at most " + std::to_string(router.max_upstreams) + " upstreams");
    }
  }

  void map_upstream(const config::TableValues& entry) {
    const Values& values = entry.values;
    router::UpstreamOptions upstream;
    upstream.name = values.text("name");
    if (auto url = RelayUrl::parse(values.text("url"))) {
      upstream.url = std::move(url).value();
      const auto& others = all_.router.upstreams;
      // Its ledger has one writer.
      if (std::any_of(others.begin(), others.end(), [&](const auto& other) { return other.url == upstream.url; }))
        add(entry, "url", "\"" + upstream.url.text() + "\" is used twice");
      if (std::ranges::find(all_.ingest.admission.own_urls, upstream.url) != all_.ingest.admission.own_urls.end())
        add(entry, "url", "\"" + upstream.url.text() + "\" is this relay itself (relay.url)");
    } else if (!values.is_refused("url")) {
      add(entry, "url", no_url(values.text("url"), url.error()));
    }
    const std::string& direction = values.text("direction");
    upstream.direction = direction == "up"     ? router::Direction::up
                         : direction == "both" ? router::Direction::both
                                               : router::Direction::down;
    upstream.filters = filters_without_limit(entry);
    upstream.priority = static_cast<int>(values.integer("priority"));
    upstream.enabled = values.boolean("enabled");
    upstream.auth = values.boolean("auth");
    upstream.socks5_proxy = values.text("socks5_proxy");
    if (!upstream.socks5_proxy.empty() && !net::is_endpoint_text(upstream.socks5_proxy)) {
      add(entry, "socks5_proxy", no_endpoint(upstream.socks5_proxy));
    }
    upstream.publish_existing = values.boolean("publish_existing");
    upstream.publish_private = values.boolean("publish_private");
    all_.router.upstreams.push_back(std::move(upstream));
  }

  std::vector<std::chrono::milliseconds> durations(const std::string& key) {
    std::vector<std::chrono::milliseconds> out;
    for (const std::string& text : values_.list(key)) {
      const auto milliseconds = config::parse_duration(text);
      if (milliseconds && *milliseconds > 0)
        out.emplace_back(*milliseconds);
      else
        add(key, "\"" + text + "\" is no duration such as \"5m\"");
    }
    if (values_.list(key).empty()) add(key, "at least one duration is needed");
    return out;
  }

  void map_monitor() {
    monitor::MonitorOptions& monitor = all_.monitor;
    monitor.enabled = values_.boolean("monitor.enabled");
    monitor.targets = values_.list("monitor.targets");
    for (const std::string& target : monitor.targets) relay_url("monitor.targets", target);
    monitor.targets_file = values_.text("monitor.targets_file");
    monitor.opt_out = values_.list("monitor.opt_out");
    monitor.max_targets = values_.size("monitor.max_targets");
    monitor.max_paths_per_host = values_.size("monitor.max_paths_per_host");
    monitor.history_per_target = values_.size("monitor.history");
    monitor.geohash = values_.text("monitor.geohash");
    monitor.discovery.from_store = values_.boolean("monitor.discover");
    monitor.schedule.period = values_.duration("monitor.period");
    monitor.schedule.first_spread = values_.duration("monitor.first_spread");
    monitor.schedule.jitter = values_.real("monitor.jitter");
    monitor.schedule.retry_ladder = durations("monitor.retry_ladder");
    monitor.schedule.concurrency.fill(values_.size("monitor.overlay_concurrency"));
    monitor.schedule.concurrency[0] = values_.size("monitor.concurrency");
    monitor.schedule.per_host = values_.size("monitor.per_host");
    monitor.schedule.dials_per_second = values_.real("monitor.dials_per_second");
    monitor.schedule.dial_burst = std::max(2.0, 2 * monitor.schedule.dials_per_second);
    monitor.outage.min_hosts = values_.size("monitor.outage_hosts");
    monitor.outage.failed_share = values_.real("monitor.outage_share");
    monitor.outage.longest = values_.duration("monitor.outage_longest");
    monitor::ProbeOptions& probe = monitor.probe;
    probe.timeouts.open = values_.duration("monitor.open_timeout");
    probe.timeouts.read = values_.duration("monitor.read_timeout");
    probe.timeouts.write = values_.duration("monitor.write_timeout");
    probe.timeouts.nip11 = values_.duration("monitor.nip11_timeout");
    probe.timeouts.auth = values_.duration("monitor.auth_timeout");
    probe.check_write = values_.boolean("monitor.check_write");
    probe.check_nip11 = values_.boolean("monitor.check_nip11");
    probe.answer_auth = values_.boolean("monitor.answer_auth");
    probe.allow_private_addresses = values_.boolean("monitor.allow_private_addresses");
    probe.ca_file = values_.text("monitor.ca_file");
    if (!values_.text("monitor.socks5_proxy").empty()) probe.socks5_proxy = endpoint("monitor.socks5_proxy");
    for (const std::string& text : values_.list("monitor.publish_relays")) {
      if (auto url = relay_url("monitor.publish_relays", text)) monitor.publish.relays.push_back(std::move(*url));
    }
    monitor.announce.period = values_.duration("monitor.announce_every");
    monitor.announce.name = values_.text("monitor.name");
    monitor.announce.about = values_.text("monitor.about");
    if (!all_.relay.urls.empty()) monitor.announce.own_url = all_.relay.urls.front();
  }

  void map_rest() {
    all_.admin.listen = endpoint("admin.listen");
    if (net::endpoints_collide(values_.text("relay.listen"), all_.admin.listen))
      add_pair("admin.listen", "relay.listen", "is the address of relay.listen too");
    all_.admin.listener = metrics::NetMetrics::Listener::admin;
    all_.admin.max_connections = values_.size("admin.max_connections");
    all_.watch_settings = values_.boolean("admin.watch_settings");
    all_.identity_file = values_.text("identity.file");
    if (is_secret_key(values_.text("identity.file")))
      add("identity.file",
          "that is a secret key: name the file that holds it, and make another key where this file was read by others");
    all_.log_level = log_level(values_.text("log.level"));
    all_.log_format = log_format(values_.text("log.format"));
    all_.drain_timeout = values_.duration("relay.drain_timeout");
    const ThreadCounts threads = default_threads(cores_);
    all_.shards = values_.size("threads.shards");
    if (all_.shards == 0) all_.shards = threads.shards;
    all_.workers = values_.size("threads.workers");
    if (all_.workers == 0) all_.workers = threads.workers;
  }

  std::size_t cores_;
  AllOptions all_;
};

}  // namespace

ThreadCounts default_threads(std::size_t cores) {
  return {std::clamp<std::size_t>(cores / 3 + 1, 1, 20), std::clamp<std::size_t>(cores * 2 / 3, 1, 40)};
}

Result<AllOptions, std::vector<SettingError>> map_options(const Settings& settings, std::size_t cores) {
  std::vector<SettingError> errors;
  AllOptions all = Mapper(settings, std::max<std::size_t>(1, cores), errors).run();
  if (!errors.empty()) return failure(std::move(errors));
  return all;
}

}  // namespace pharos::app
