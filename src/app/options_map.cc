#include "app/options_map.h"

#include <algorithm>

#include "config/value_parser.h"
#include "net/address_text.h"
#include "nostr/nip19.h"
#include "util/utf8.h"

namespace pharos::app {
namespace {

using config::SettingError;
using config::Settings;
using config::Values;

constexpr std::size_t kMaxNameLength = 30;  // NIP-11
constexpr double kPingBurstSeconds = 5;

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

class Mapper {
 public:
  Mapper(const Settings& settings, std::size_t cores) : settings_(settings), values_(settings.values), cores_(cores) {}

  Result<AllOptions, std::vector<SettingError>> run() {
    map_storage();
    map_ingest();
    map_relay();
    map_listener();
    map_router();
    for (const config::UpstreamValues& upstream : settings_.upstreams) map_upstream(upstream);
    map_monitor();
    map_rest();
    if (!errors_.empty()) return failure(std::move(errors_));
    return std::move(all_);
  }

 private:
  void add(const std::string& key, const std::string& message) {
    errors_.push_back(config::error_at(settings_, key, message));
  }
  // Of two that do not fit one another: where the first is a default, the other one was set.
  void add_pair(const std::string& key, const std::string& other, const std::string& message) {
    if (values_.is_refused(key) || values_.is_refused(other)) return;
    const bool is_default = values_.origin(key).file.empty();
    SettingError error = config::error_at(settings_, is_default ? other : key, message);
    error.key = key;
    errors_.push_back(std::move(error));
  }
  // For a key of an [[upstream]]; one that is not set stands where the table begins.
  void add(const config::UpstreamValues& upstream, const std::string& key, const std::string& message) {
    config::Origin origin = upstream.values.origin(key);
    if (origin.line == 0) origin.line = upstream.line;
    errors_.push_back({settings_.file, origin.line, "upstream." + key, message});
  }

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
  void must_not_exceed(const std::string& key, const std::string& greater) {
    if (values_.integer(key) > values_.integer(greater)) add_pair(key, greater, "is greater than " + greater);
  }
  void must_exceed(const std::string& key, const std::string& less) {
    if (values_.integer(key) <= values_.integer(less)) add_pair(key, less, "must be longer than " + less);
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
    all_.ingest.max_in_flight = values_.size("ingest.max_in_flight");
    all_.ingest.max_in_flight_bytes = values_.size("ingest.max_in_flight_bytes");
    all_.ingest.recent_ephemeral = values_.size("ingest.recent_ephemeral");
  }

  std::chrono::seconds seconds(std::string_view key) const {
    return std::chrono::duration_cast<std::chrono::seconds>(values_.duration(key));
  }

  void map_relay() {
    relay::Options& relay = all_.relay;
    relay.urls.clear();
    for (const std::string& text : values_.list("relay.url")) {
      if (const auto url = relay_url("relay.url", text)) relay.urls.push_back(url->text());
    }
    relay.info.name = values_.text("relay.name");
    if (count_code_points(relay.info.name) > kMaxNameLength) {
      add("relay.name", "is longer than " + std::to_string(kMaxNameLength) + " characters");
    }
    relay.info.description = values_.text("relay.description");
    relay.info.contact = values_.text("relay.contact");
    relay.info.icon = values_.text("relay.icon");
    relay.info.banner = values_.text("relay.banner");
    relay.info.terms_of_service = values_.text("relay.terms_of_service");
    relay.info.software = values_.text("relay.software");
    relay.info.version = PHAROS_VERSION;
    relay.info.pubkey = operator_key();
    relay.admission = all_.ingest.admission;
    relay.count = values_.boolean("relay.count");
    const std::string eose_hint = values_.text("relay.eose_hint");
    if (eose_hint == "on") relay.eose_hint = relay::EoseHint::on;
    if (eose_hint == "listed") relay.eose_hint = relay::EoseHint::listed;
    relay.eose_hint_clients = values_.list("relay.eose_hint_clients");
    relay.gate_private_messages = values_.boolean("relay.gate_private_messages");
    relay.monitoring = values_.boolean("monitor.enabled");
    relay::Limits& limits = relay.limits;
    limits.max_subscriptions = values_.size("relay.max_subscriptions");
    limits.max_filters = values_.size("relay.max_filters");
    limits.max_subscription_id = values_.size("relay.max_subscription_id");
    limits.max_filter_values = values_.size("relay.max_filter_values");
    limits.default_limit = values_.size("relay.default_limit");
    limits.max_limit = values_.size("relay.max_limit");
    limits.max_events_per_req = values_.size("relay.max_events_per_req");
    limits.max_scanned_records = values_.size("relay.max_scanned_records");
    limits.max_pending_events = values_.size("relay.max_pending_events");
    limits.max_auth_keys = values_.size("relay.max_auth_keys");
    limits.max_running_scans = values_.size("relay.max_running_scans");
    limits.max_counts = values_.size("relay.max_counts");
    limits.max_auth_attempts = values_.size("relay.max_auth_attempts");
    limits.max_bad_messages = values_.size("relay.max_bad_messages");
    must_not_exceed("relay.default_limit", "relay.max_limit");
    must_not_exceed("relay.max_auth_keys", "relay.max_auth_attempts");
  }

  // NIP-11 pubkey: hex, from hex or npub.
  std::string operator_key() {
    const std::string& text = values_.text("relay.pubkey");
    if (text.empty() || PublicKey::from_hex(text)) return text;
    const auto entity = parse_nip19(text);
    if (entity) {
      if (const auto* key = std::get_if<PublicKey>(&entity.value())) return key->hex();
    }
    add("relay.pubkey", "neither 64 lower-case hex digits nor an npub");
    return {};
  }

  void map_listener() {
    net::ServerOptions& listener = all_.relay.listeners.front();
    listener.listen = endpoint("relay.listen");
    listener.max_connections = values_.size("relay.max_connections");
    listener.max_connections_per_address = values_.size("relay.max_connections_per_address");
    for (const std::string& text : values_.list("relay.trusted_proxies")) {
      if (auto address = net::normal_address(text))
        listener.trusted_proxies.push_back(std::move(*address));
      else
        add("relay.trusted_proxies", "\"" + text + "\" is no IP address");
    }
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
    if (settings_.upstreams.size() > router.max_upstreams) {
      add("upstream", "at most " + std::to_string(router.max_upstreams) + " upstreams");
    }
  }

  void map_upstream(const config::UpstreamValues& entry) {
    const Values& values = entry.values;
    router::UpstreamOptions upstream;
    upstream.name = values.text("name");
    if (auto url = RelayUrl::parse(values.text("url"))) {
      upstream.url = std::move(url).value();
      const auto& others = all_.router.upstreams;
      // Its ledger has one writer.
      if (std::any_of(others.begin(), others.end(), [&](const auto& other) { return other.url == upstream.url; }))
        add(entry, "url", "\"" + upstream.url.text() + "\" is used twice");
    } else if (!values.is_refused("url")) {
      add(entry, "url", no_url(values.text("url"), url.error()));
    }
    const std::string& direction = values.text("direction");
    upstream.direction = direction == "up"     ? router::Direction::up
                         : direction == "both" ? router::Direction::both
                                               : router::Direction::down;
    upstream.filters.clear();
    for (const std::string& text : values.list("filters")) {
      auto filter = parse_filter(text);
      if (filter && filter.value().limit)
        add(entry, "filters", text + ": limit has no meaning here");
      else if (filter)
        upstream.filters.push_back(std::move(filter).value());
      else
        add(entry, "filters", text + ": " + std::string(describe(filter.error())));
    }
    if (values.list("filters").empty()) add(entry, "filters", "at least one filter, {} for everything");
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
    all_.identity_file = values_.text("identity.file");
    all_.log_level = log_level(values_.text("log.level"));
    all_.log_format = log_format(values_.text("log.format"));
    all_.drain_timeout = values_.duration("relay.drain_timeout");
    const ThreadCounts threads = default_threads(cores_);
    all_.shards = values_.size("threads.shards");
    if (all_.shards == 0) all_.shards = threads.shards;
    all_.workers = values_.size("threads.workers");
    if (all_.workers == 0) all_.workers = threads.workers;
  }

  const Settings& settings_;
  const Values& values_;
  std::size_t cores_;
  AllOptions all_;
  std::vector<SettingError> errors_;
};

}  // namespace

ThreadCounts default_threads(std::size_t cores) {
  return {std::clamp<std::size_t>(cores / 3 + 1, 1, 20), std::clamp<std::size_t>(cores * 2 / 3, 1, 40)};
}

Result<AllOptions, std::vector<SettingError>> map_options(const Settings& settings, std::size_t cores) {
  return Mapper(settings, std::max<std::size_t>(1, cores)).run();
}

}  // namespace pharos::app
