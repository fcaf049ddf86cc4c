#include <algorithm>
#include <cctype>

#include "config/setting.h"

namespace pharos::config {
namespace {

constexpr double kSecond = 1000;
constexpr double kMinute = 60 * kSecond;
constexpr double kHour = 60 * kMinute;
constexpr double kDay = 24 * kHour;
constexpr double kKi = 1024;
constexpr double kMi = 1024 * kKi;
constexpr double kGi = 1024 * kMi;

using enum Type;
constexpr Reload kLive = Reload::live;
constexpr Reload kRestart = Reload::restart;

// clang-format off
constexpr Setting kSettings[] = {
    // section, key, type, default, reload, help, minimum, maximum, choices, example
    {"relay", "listen", text, "\"127.0.0.1:7777\"", kRestart, "Address and port for clients; port 0 lets the system pick one, [::]:7777 listens on IPv6 too"},
    {"relay", "url", text_list, "[]", kRestart, "The URLs under which clients know this relay; AUTH (NIP-42) is checked against their hosts", 0, 0, {}, "[\"wss://relay.example.com/\"]"},
    {"relay", "name", text, "\"pharos\"", kLive, "NIP-11 name, at most 30 characters"},
    {"relay", "description", text, "\"\"", kLive, "NIP-11 description"},
    {"relay", "contact", text, "\"\"", kLive, "NIP-11 contact, a URI", 0, 0, {}, "\"mailto:admin@example.com\""},
    {"relay", "pubkey", text, "\"\"", kLive, "NIP-11 public key of the operator, 64 hex digits or npub"},
    {"relay", "icon", text, "\"\"", kLive, "NIP-11 icon URL"},
    {"relay", "banner", text, "\"\"", kLive, "NIP-11 banner URL"},
    {"relay", "terms_of_service", text, "\"\"", kLive, "NIP-11 link to the terms of service"},
    {"relay", "software", text, "\"\"", kLive, "NIP-11 link to the software that is run here; empty leaves it out", 0, 0, {}, "\"https://example.com/pharos\""},
    {"relay", "tls_certificate", text, "\"\"", kLive, "PEM file with the certificate chain; set it together with tls_key to serve wss"},
    {"relay", "tls_key", text, "\"\"", kLive, "PEM file with the private key"},
    {"relay", "gate_private_messages", boolean, "true", kRestart, "Serve kinds 4, 1059 and 21059 only to their authenticated author or recipient (NIP-17, NIP-42)"},
    {"relay", "count", boolean, "true", kLive, "Answer COUNT (NIP-45), with HyperLogLog registers where clients can merge them"},
    {"relay", "eose_hint", choice, "\"off\"", kLive, "Who is told in the EOSE that every stored match was sent (NIP-67): nobody, everybody, or the clients of eose_hint_clients; an answer that default_limit or max_limit ends then holds the rest of its last second, at most max_limit more; Nostrify 0.54 does not take such an EOSE for one and nostr-fetch 0.17 waits ten seconds", 0, 0, "off on listed"},
    {"relay", "eose_hint_clients", text_list, "[]", kLive, "For eose_hint listed: a client's Origin, or how its User-Agent begins", 0, 0, {}, "[\"https://client.example.com\", \"node-client/\"]"},
    {"relay", "drain_timeout", duration, "\"10s\"", kLive, "On SIGTERM: how long open connections get for the answers they are due", 0, kMinute},
    {"relay", "max_connections", integer, "10000", kRestart, "Open client connections; beyond it 503", 1, 1'000'000},
    {"relay", "max_connections_per_address", integer, "100", kRestart, "Of one client address, an IPv6 /64 counts as one; beyond it 503; trusted proxies are exempt; 0 is no bound", 0, 1'000'000},
    {"relay", "trusted_proxies", text_list, "[\"127.0.0.1\", \"::1\"]", kRestart, "Addresses whose X-Forwarded-For is believed (its last entry) and who may open any number of connections"},
    {"relay", "handshake_timeout", duration, "\"10s\"", kRestart, "From accept to the end of the HTTP request", 100, kHour},
    {"relay", "ping_interval", duration, "\"30s\"", kRestart, "Between WebSocket pings", kSecond, kHour},
    {"relay", "idle_timeout", duration, "\"75s\"", kRestart, "Without a sign of life a connection is closed", kSecond, kDay},
    {"relay", "pings_per_second", real, "10.0", kRestart, "WebSocket pings a client may send, with bursts of five seconds' worth; beyond it close 1008", 0.1, 1000},
    {"relay", "deflate", boolean, "true", kRestart, "Offer permessage-deflate to clients that ask: a third fewer bytes; 10 us of CPU a KB, for a live event once, for a stored one each time it is sent; no memory a connection"},
    {"relay", "deflate_context_takeover", boolean, "false", kRestart, "Keep the compression window between messages: a fifth fewer bytes still, but 46 KiB a connection (85 KiB when the client compresses too) and some 25 us of CPU for each delivery of a live event"},
    {"relay", "max_message_bytes", bytes, "\"512KiB\"", kRestart, "Longest message from a client, inflated; beyond it close 1009", 1024, kGi},
    {"relay", "max_outbound_bytes", bytes, "\"16MiB\"", kRestart, "Waiting for a slow reader; beyond it the connection is cut off", 64 * kKi, kGi},
    {"relay", "max_subscriptions", integer, "64", kLive, "Per connection", 1, 100'000},
    {"relay", "max_filters", integer, "20", kLive, "Per REQ", 1, 1'000},
    {"relay", "max_subscription_id", integer, "64", kLive, "Characters of a subscription id (NIP-01 allows 64)", 1, 64},
    {"relay", "max_filter_values", integer, "50000", kLive, "Ids, authors, kinds and tag values of all subscriptions of a connection together", 100, 10'000'000},
    {"relay", "default_limit", integer, "500", kLive, "Stored events for a filter without a limit", 1, 1'000'000},
    {"relay", "max_limit", integer, "1000", kLive, "Stored events per filter; a greater limit is cut silently", 1, 1'000'000},
    {"relay", "max_events_per_req", integer, "5000", kLive, "Stored events over all filters of one REQ", 1, 10'000'000},
    {"relay", "max_scanned_records", integer, "1000000", kLive, "Records one REQ may examine; beyond it CLOSED; a COUNT that examined as many answers approximately", 1'000, 1'000'000'000},
    {"relay", "max_running_scans", integer, "4", kLive, "REQs and COUNTs of a connection that read stored events at a time; further ones wait their turn", 1, 1'000},
    {"relay", "max_counts", integer, "16", kLive, "COUNTs of a connection at a time, those that wait included; beyond it CLOSED", 1, 10'000},
    {"relay", "max_pending_events", integer, "256", kLive, "EVENTs of a connection without their OK; beyond it reading pauses", 1, 100'000},
    {"relay", "max_auth_keys", integer, "16", kLive, "Public keys a connection may authenticate", 1, 10'000},
    {"relay", "max_auth_attempts", integer, "64", kLive, "AUTHs of a connection, good or bad; at least max_auth_keys", 1, 100'000},
    {"relay", "max_bad_messages", integer, "200", kLive, "Messages of a connection that are no Nostr at all; beyond it close 1008", 1, 1'000'000},

    {"storage", "directory", text, "\"/var/lib/pharos\"", kRestart, "Where the database, the identity and the run file live"},
    {"storage", "map_size", bytes, "\"1TiB\"", kRestart, "Address space of the database, not disk: the file grows as needed up to this", 16 * kMi, 64.0 * 1024 * kGi},
    {"storage", "max_readers", integer, "512", kRestart, "Read transactions at a time", 16, 100'000},
    {"storage", "queue_capacity", integer, "16384", kRestart, "Events waiting for the writer", 16, 1'000'000},
    {"storage", "batch_max_events", integer, "1024", kRestart, "Events in one commit", 1, 100'000},
    {"storage", "durability", choice, "\"sync\"", kRestart, "When an event counts as stored: once it is on disk (sync), the same with commits that wait batch_window for company (group), or once the system has it, which a power cut may undo (os)", 0, 0, "sync group os"},
    {"storage", "memtable_size", bytes, "\"64MiB\"", kRestart, "Memory for new events before they are merged into the database; up to three times as much is held while a merge is under way", kMi, 4 * kGi},
    {"storage", "compression", integer, "0", kRestart, "zstd's level, 1 to 19, for events that are merged into the database: about a third smaller with 3 (an archive), slower to read; 0 leaves them as they are", 0, 19},
    {"storage", "unpacked_cache", bytes, "\"16MiB\"", kRestart, "Memory for compressed events that were read", 0, 64 * kGi},
    {"storage", "batch_window", duration, "\"1ms\"", kRestart, "How long a commit takes in more events: while they keep coming, or, with durability group, until then", 0, kSecond},

    {"ingest", "max_event_bytes", bytes, "\"512KiB\"", kLive, "Size of an event as JSON", 1024, kGi},
    {"ingest", "max_content_length", integer, "262144", kLive, "Characters of content", 1, 1'000'000'000},
    {"ingest", "max_tags", integer, "5000", kLive, "Tags of an event", 1, 100'000},
    {"ingest", "max_tag_item_bytes", bytes, "\"64KiB\"", kLive, "One item of a tag", 64, kGi},
    {"ingest", "max_age", duration, "\"1095d\"", kLive, "How far created_at may lie in the past, for clients; 0s is no bound", 0, 36'500 * kDay},
    {"ingest", "max_ahead", duration, "\"15m\"", kLive, "How far created_at may lie in the future; 0s is no bound", 0, 36'500 * kDay},
    {"ingest", "max_ephemeral_age", duration, "\"60s\"", kLive, "How old an ephemeral event may be", 0, 36'500 * kDay},
    {"ingest", "min_pow", integer, "0", kLive, "Leading zero bits that an event id must have (NIP-13); 0 asks for none", 0, 256},
    {"ingest", "require_pow_commitment", boolean, "true", kLive, "Where min_pow asks for work: the nonce tag must commit to as many bits (NIP-13)"},
    {"ingest", "max_in_flight", integer, "8192", kRestart, "Events between arrival and their fate", 64, 1'000'000},
    {"ingest", "max_in_flight_bytes", bytes, "\"64MiB\"", kRestart, "Memory of those events", kMi, 64 * kGi},
    {"ingest", "recent_ephemeral", integer, "16384", kRestart, "Ids of ephemeral events remembered, so that one that two upstreams bring is delivered once", 1, 10'000'000},

    {"identity", "file", text, "\"\"", kRestart, "File (mode 0600) with the relay's secret key as hex or nsec; empty: the systemd credential nsec, else identity.key in storage.directory, made on first start"},

    {"router", "dials_per_second", real, "5.0", kRestart, "New upstream connections a second", 0.01, 1000},
    {"router", "page_limit", integer, "500", kRestart, "Events asked for in one page of history", 1, 10'000},
    {"router", "parallel_requests", integer, "3", kRestart, "Pages in flight on one upstream", 1, 100},
    {"router", "late_margin", duration, "\"10m\"", kRestart, "Coverage is never claimed for what is younger than this", 0, kDay},
    {"router", "backoff_first", duration, "\"1s\"", kRestart, "First delay after a failure; doubles, with full jitter", 10, kHour},
    {"router", "backoff_cap", duration, "\"5m\"", kRestart, "Longest delay after a failure", 100, kDay},
    {"router", "ping_interval", duration, "\"30s\"", kRestart, "Between pings to an upstream", kSecond, kHour},
    {"router", "read_timeout", duration, "\"75s\"", kRestart, "Without a sign of life an upstream is dialed anew", kSecond, kDay},
    {"router", "max_message_bytes", bytes, "\"4MiB\"", kRestart, "Longest message from an upstream; a larger event is stepped around", 64 * kKi, kGi},
    {"router", "ca_file", text, "\"\"", kRestart, "Additional certificate authorities (PEM) for upstreams"},

    {"monitor", "enabled", boolean, "false", kRestart, "Probe relays and publish what was seen (NIP-66)"},
    {"monitor", "targets", text_list, "[]", kRestart, "Relays to watch", 0, 0, {}, "[\"wss://relay.example.com/\"]"},
    {"monitor", "targets_file", text, "\"\"", kRestart, "More relays, one URL a line, # begins a comment"},
    {"monitor", "discover", boolean, "true", kRestart, "Take targets from stored relay lists (kind 10002) and discovery events (kind 30166) too"},
    {"monitor", "opt_out", text_list, "[]", kRestart, "URLs or host names never to be probed"},
    {"monitor", "max_targets", integer, "20000", kRestart, "Targets watched at a time", 1, 1'000'000},
    {"monitor", "max_paths_per_host", integer, "25", kRestart, "Discovered targets on one host; named ones are not held to it", 1, 100'000},
    {"monitor", "period", duration, "\"15m\"", kRestart, "Between two probes of one relay; announced in kind 10166", kSecond, 30 * kDay},
    {"monitor", "jitter", real, "0.05", kRestart, "Share of the period by which a probe may come earlier or later", 0, 0.5},
    {"monitor", "retry_ladder", text_list, "[\"1m\", \"5m\", \"20m\", \"3h\", \"1d\", \"7d\"]", kRestart, "Delays after failed probes, each used twice, the last one from then on"},
    {"monitor", "concurrency", integer, "30", kRestart, "Probes at a time on the open internet", 1, 10'000},
    {"monitor", "overlay_concurrency", integer, "10", kRestart, "Probes at a time in an overlay network (Tor)", 1, 10'000},
    {"monitor", "dials_per_second", real, "10.0", kRestart, "Connections begun a second", 0.01, 10'000},
    {"monitor", "per_host", integer, "1", kRestart, "Probes at a time to one host", 1, 1'000},
    {"monitor", "outage_hosts", integer, "10", kRestart, "Own outage: so many hosts that were online are looked at, the newest outcome of each", 2, 10'000},
    {"monitor", "outage_share", real, "0.8", kRestart, "When more than this share of them fails, failures are blamed on our own network and not judged", 0.1, 1},
    {"monitor", "outage_longest", duration, "\"1h\"", kRestart, "An own outage ends after this time even when few hosts open; while none does it lasts", kMinute, 30 * kDay},
    {"monitor", "open_timeout", duration, "\"10s\"", kRestart, "Name resolution to open WebSocket", 10, kHour},
    {"monitor", "read_timeout", duration, "\"5s\"", kRestart, "REQ to EOSE", 10, kHour},
    {"monitor", "write_timeout", duration, "\"5s\"", kRestart, "EVENT to OK", 10, kHour},
    {"monitor", "nip11_timeout", duration, "\"8s\"", kRestart, "The information document", 10, kHour},
    {"monitor", "auth_timeout", duration, "\"5s\"", kRestart, "AUTH to OK", 10, kHour},
    {"monitor", "check_write", boolean, "true", kRestart, "Send an ephemeral event and judge the answer; nothing is stored"},
    {"monitor", "check_nip11", boolean, "true", kRestart, "Fetch the information document"},
    {"monitor", "answer_auth", boolean, "false", kRestart, "Where a check is refused for want of AUTH (NIP-42): answer it as the relay's identity and repeat the check"},
    {"monitor", "allow_private_addresses", boolean, "false", kRestart, "Probe loopback and private addresses too"},
    {"monitor", "first_spread", duration, "\"30s\"", kRestart, "New and long overdue targets are spread over this time", 0, kDay},
    {"monitor", "ca_file", text, "\"\"", kRestart, "Additional certificate authorities (PEM) for probes"},
    {"monitor", "socks5_proxy", text, "\"\"", kRestart, "Proxy for .onion targets; without one they are not watched", 0, 0, {}, "\"127.0.0.1:9050\""},
    {"monitor", "publish_relays", text_list, "[]", kRestart, "Relays that get the monitor's events besides the own store"},
    {"monitor", "announce_every", duration, "\"1d\"", kRestart, "Between two announcements of the monitor (kinds 10166, 0 and 10002)", kMinute, 30 * kDay},
    {"monitor", "history", integer, "200", kRestart, "Results kept per target", 1, 100'000},
    {"monitor", "name", text, "\"Pharos relay monitor\"", kRestart, "Name in the monitor's profile (kind 0)"},
    {"monitor", "about", text, "\"\"", kRestart, "About text in the monitor's profile"},
    {"monitor", "geohash", text, "\"\"", kRestart, "Place of the monitor in kind 10166; empty tells nothing"},

    {"admin", "listen", text, "\"127.0.0.1:9464\"", kRestart, "Address for /metrics, /healthz, /readyz and the status commands; keep it private"},
    {"admin", "max_connections", integer, "100", kRestart, "Open connections; beyond it 503", 1, 100'000},

    {"log", "level", choice, "\"info\"", kLive, "How much is logged", 0, 0, "debug info warn error"},
    {"log", "format", choice, "\"text\"", kLive, "text for people, json for machines, journal for systemd", 0, 0, "text json journal"},

    {"threads", "shards", integer, "0", kRestart, "Threads for client sockets; 0 picks by the number of cores", 0, 256},
    {"threads", "workers", integer, "0", kRestart, "Threads for signatures and scans; 0 picks by the number of cores", 0, 256},
};

constexpr Setting kUpstream[] = {
    {"upstream", "name", text, "\"\"", kLive, "Unique; the label in metrics and status"},
    {"upstream", "url", text, "\"\"", kLive, "ws:// or wss:// URL"},
    {"upstream", "direction", choice, "\"down\"", kLive, "down mirrors from it, up sends new local events to it, both does both", 0, 0, "down up both"},
    {"upstream", "filters", filter_list, "[\"{}\"]", kLive, "NIP-01 filters without limit, as JSON texts or inline tables: what is mirrored (down), one ledger each, and what is sent (up)", 0, 0, {}, "['{\"kinds\":[0,1,3]}', { kinds = [30023], \"#t\" = [\"nostr\"] }]"},
    {"upstream", "priority", integer, "0", kLive, "Higher is dialed first", -1000, 1000},
    {"upstream", "enabled", boolean, "true", kLive, "false keeps the entry and its ledger but does not dial"},
    {"upstream", "auth", boolean, "true", kLive, "Answer AUTH challenges with the relay's identity (NIP-42)"},
    {"upstream", "socks5_proxy", text, "\"\"", kLive, "Dial through this proxy, host:port"},
    {"upstream", "publish_existing", boolean, "false", kLive, "up: begin with what is stored already; counts when nothing was ever sent to this URL"},
    {"upstream", "publish_private", boolean, "false", kLive, "up: send kinds 4, 1059 and 21059 too"},
};
// clang-format on

}  // namespace

std::span<const Setting> settings_table() { return kSettings; }
std::span<const Setting> upstream_table() { return kUpstream; }

std::string_view section_help(std::string_view section) {
  if (section == "relay") return "What clients see.";
  if (section == "storage") return "The embedded database.";
  if (section == "ingest") return "What is accepted, whoever sends it.";
  if (section == "identity")
    return "The relay's own key, shown as NIP-11 self. Never on the command line or in the environment.";
  if (section == "router") return "How upstreams are followed; each one is an [[upstream]] table at the end.";
  if (section == "monitor") return "Watching other relays by NIP-66.";
  if (section == "admin") return "Metrics, health and status.";
  if (section == "log") return "Logging goes to standard error.";
  if (section == "threads") return "Threads.";
  return {};
}

std::string environment_name(const Setting& setting) {
  std::string name = "PHAROS_" + std::string(setting.section) + "__" + std::string(setting.key);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

}  // namespace pharos::config
