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
    {"relay", "admins", text_list, "[]", kLive, "Who may manage this relay over HTTP (NIP-86, authorized by NIP-98): public keys, 64 hex digits or npub; relay.pubkey may as soon as there is one; empty: nobody, and nothing of it is answered", 0, 0, {}, "[\"npub1...\"]"},
    {"relay", "icon", text, "\"\"", kLive, "NIP-11 icon URL"},
    {"relay", "banner", text, "\"\"", kLive, "NIP-11 banner URL"},
    {"relay", "terms_of_service", text, "\"\"", kLive, "NIP-11 link to the terms of service"},
    {"relay", "software", text, "\"\"", kLive, "NIP-11 link to the software that is run here; empty leaves it out", 0, 0, {}, "\"https://example.com/pharos\""},
    {"relay", "tls_certificate", text, "\"\"", kLive, "PEM file with the certificate chain; set it together with tls_key to serve wss"},
    {"relay", "tls_key", text, "\"\"", kLive, "PEM file with the private key"},
    {"relay", "auth_to_read", boolean, "false", kLive, "Answer REQ, COUNT and NEG-OPEN only to clients that have authenticated, as anybody (NIP-42)"},
    {"relay", "auth_to_write", boolean, "false", kLive, "Take events only from clients that have authenticated, as anybody (NIP-42): a gift wrap has a key of its own; ingest.open_kinds and requests to vanish are taken from all"},
    {"relay", "members_only", choice, "\"off\"", kLive, "Who may publish (write), or publish and read (read_write): the keys of ingest.allow_pubkeys, those allowed while the relay runs, the relay itself, relay.pubkey and relay.admins; readers authenticate as one of them (NIP-42)", 0, 0, "off write read_write"},
    {"relay", "join_requests", boolean, "false", kRestart, "NIP-43, for members_only: take requests to join and to leave, make invite codes for those who may invite, and publish who the members are and which roles they have, signed by the relay's identity"},
    {"relay", "invite_codes", text_list, "[]", kLive, "Codes with which anybody may join, as often as they like, of at least 16 characters each", 0, 0, {}, "[\"come-in-7f3a9c51d0\"]"},
    {"relay", "invites", choice, "\"members\"", kLive, "Who gets invite codes for others, each of which lets one in", 0, 0, "nobody admins members"},
    {"relay", "invite_lifetime", duration, "\"7d\"", kLive, "How long such a code holds, while whoever got it may invite", kMinute, 3650 * kDay},
    {"relay", "gate_private_messages", boolean, "true", kRestart, "Serve kinds 4, 1059 and 21059 only to their authenticated author or recipient (NIP-17, NIP-42)"},
    {"relay", "gate_drafts", boolean, "false", kRestart, "Serve drafts, their checkpoints and private relay lists (kinds 31234, 1234 and 10013, NIP-37) only to their authenticated author, as a relay for private storage does"},
    {"relay", "count", boolean, "true", kLive, "Answer COUNT (NIP-45), with HyperLogLog registers where clients can merge them"},
    {"relay", "negentropy", boolean, "true", kLive, "Answer NEG-OPEN (NIP-77): clients and relays find what they lack without sending what both have; a filter's limit means its newest events"},
    {"relay", "eose_hint", choice, "\"off\"", kLive, "Who is told in the EOSE that every stored match was sent (NIP-67): nobody, everybody, or the clients of eose_hint_clients; an answer that default_limit or max_limit ends then holds the rest of its last second, at most max_limit more; Nostrify 0.54 does not take such an EOSE for one and nostr-fetch 0.17 waits ten seconds", 0, 0, "off on listed"},
    {"relay", "eose_hint_clients", text_list, "[]", kLive, "For eose_hint listed: a client's Origin, or how its User-Agent begins", 0, 0, {}, "[\"https://client.example.com\", \"node-client/\"]"},
    {"relay", "drain_timeout", duration, "\"10s\"", kLive, "On SIGTERM: how long open connections get for the answers they are due", 0, kMinute},
    {"relay", "max_connections", integer, "10000", kRestart, "Open client connections; beyond it 503", 1, 1'000'000},
    {"relay", "max_connections_per_address", integer, "100", kRestart, "Of one client address, an IPv6 /64 counts as one, behind a trusted proxy too; beyond it 503; 0 is no bound", 0, 1'000'000},
    {"relay", "trusted_proxies", text_list, "[\"127.0.0.1\", \"::1\"]", kRestart, "Addresses and blocks (CIDR) whose word about a client's address is believed: by X-Forwarded-For, of which the hop counts that stands last and is no such proxy, or by proxy_protocol"},
    {"relay", "proxy_protocol", boolean, "false", kRestart, "Trusted proxies begin each connection with a header of the PROXY protocol, version 1 or 2; one without is closed"},
    {"relay", "deny_addresses", text_list, "[]", kLive, "Addresses and blocks of them that get no connection, besides those blocked while it runs", 0, 0, {}, "[\"192.0.2.1\", \"2001:db8::/32\"]"},
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
    {"relay", "max_search_candidates", integer, "50000", kLive, "Records one search (NIP-50) may examine, newest first; the best of those are given", 100, 100'000'000},
    {"relay", "max_running_scans", integer, "4", kLive, "REQs and COUNTs of a connection that read stored events at a time; further ones wait their turn", 1, 1'000},
    {"relay", "max_counts", integer, "16", kLive, "COUNTs of a connection at a time, those that wait included; beyond it CLOSED", 1, 10'000},
    {"relay", "max_negentropy_sessions", integer, "16", kLive, "Negentropy sessions of a connection at a time; beyond it NEG-ERR", 1, 10'000},
    {"relay", "max_negentropy_records", integer, "1000000", kLive, "Records in the set of one session, 40 bytes each while it is open; beyond it NEG-ERR", 1, 1'000'000'000},
    {"relay", "max_negentropy_memory", bytes, "\"256MiB\"", kRestart, "Memory of the sets of all sessions together, and of older sums that they still read; beyond it NEG-ERR", kMi, 1024 * kGi},
    {"relay", "negentropy_trees", filter_list, "[\"{}\"]", kRestart, "Filters of kinds and authors alone for whose events sums are kept in memory, so that a session over all of them, or over a window of time, collects nothing; 90 bytes for some hundred events", 0, 0, {}, "['{}', { kinds = [0, 3, 10002] }]"},
    {"relay", "max_negentropy_tree_memory", bytes, "\"64MiB\"", kRestart, "Memory of the sums of one of them, while they are made as well; beyond it they are given up and its sets are collected", kMi, 64 * kGi},
    {"relay", "negentropy_idle_timeout", duration, "\"60s\"", kLive, "A session without a message from its client ends", kSecond, kDay},
    {"relay", "negentropy_frame", bytes, "\"512KiB\"", kLive, "Longest answer before it is put into hex, which doubles it; less where max_outbound_bytes is small", 4 * kKi, 256 * kMi},
    {"relay", "max_pending_events", integer, "256", kLive, "EVENTs of a connection without their OK; beyond it reading pauses", 1, 100'000},
    {"relay", "max_auth_keys", integer, "16", kLive, "Public keys a connection may authenticate", 1, 10'000},
    {"relay", "max_auth_attempts", integer, "64", kLive, "AUTHs of a connection, good or bad; at least max_auth_keys", 1, 100'000},
    {"relay", "max_bad_messages", integer, "200", kLive, "Messages of a connection that are no Nostr at all; beyond it close 1008", 1, 1'000'000},

    {"storage", "directory", text, "\"/var/lib/pharos\"", kRestart, "Where the database, the identity and the run file live"},
    {"storage", "map_size", bytes, "\"1TiB\"", kRestart, "Address space of the database, not disk: the file grows as needed up to this; with less than a 32nd of it left, at least eight times memtable_size, only what makes room is taken", 16 * kMi, 64.0 * 1024 * kGi},
    {"storage", "max_readers", integer, "512", kRestart, "Read transactions at a time", 16, 100'000},
    {"storage", "queue_capacity", integer, "16384", kRestart, "Events waiting for the writer", 16, 1'000'000},
    {"storage", "batch_max_events", integer, "1024", kRestart, "Events in one commit", 1, 100'000},
    {"storage", "durability", choice, "\"sync\"", kRestart, "When an event counts as stored: once it is on disk (sync), the same with commits that wait batch_window for company (group), or once the system has it, which a power cut may undo (os)", 0, 0, "sync group os"},
    {"storage", "memtable_size", bytes, "\"64MiB\"", kRestart, "Memory for new events before they are merged into the database; up to three times as much is held while a merge is under way", kMi, 4 * kGi},
    {"storage", "compression", integer, "0", kRestart, "zstd's level, 1 to 19, for events that are merged into the database: about a third smaller with 3 (an archive), slower to read; 0 leaves them as they are", 0, 19},
    {"storage", "unpacked_cache", bytes, "\"16MiB\"", kRestart, "Memory for compressed events that were read", 0, 64 * kGi},
    {"storage", "retention_notice", duration, "\"1h\"", kLive, "How long a new or changed [[retention]] rule, or a smaller max_size, waits before it erases, so that it can be taken back; neither it nor what it was before erases until then", 0, 30 * kDay},
    {"storage", "retention_interval", duration, "\"1h\"", kLive, "Between two passes of the [[retention]] rules and of max_size", kSecond, 30 * kDay},
    {"storage", "max_size", bytes, "\"0\"", kLive, "Of the pages in use, about: beyond it the regular events that came first are erased, in steps; 0 is no bound", 0, 64.0 * 1024 * kGi},
    {"storage", "search", boolean, "false", kRestart, "Index the words of events and answer searches (NIP-50); turned on over a database that has events, it is built in the background first, turned off, it is dropped"},
    {"storage", "search_kinds", integer_list, "[0, 1, 30023]", kRestart, "Kinds that are searched; other ones than before have the index built anew", 0, 65535},
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
    {"ingest", "vanish", boolean, "true", kLive, "Honour requests to vanish (NIP-62) that name one of relay.url or all relays; false refuses them, and those honoured before keep their effect"},
    {"ingest", "deny_pubkeys", text_list, "[]", kLive, "Authors of whom nothing is taken, whoever brings it, besides those banned while it runs: 64 hex digits or npub"},
    {"ingest", "allow_pubkeys", text_list, "[]", kLive, "When there are any, clients may publish events of these authors alone, besides those allowed while it runs, the relay itself, relay.pubkey and relay.admins"},
    {"ingest", "open_kinds", integer_list, "[10002, 10050]", kLive, "Kinds that are taken from anyone, where authors or authentication are asked for: relay lists (NIP-65, NIP-17) belong on many relays; all else that is asked of events holds for them", 0, 65535, {}, "[10002, 10050, 1059]"},
    {"ingest", "trust_roots", text_list, "[]", kLive, "When there are any, clients may publish events of authors alone who are followed by these keys, or by whom those follow, as their lists (kind 3) are stored here, and of the keys of the allow list; 64 hex digits or npub"},
    {"ingest", "trust_depth", integer, "2", kLive, "How many follows away: 1 for those whom a root follows", 1, 4},
    {"ingest", "trust_max_keys", integer, "1000000", kLive, "Keys in the web of trust, some 40 bytes each, twice that while it is built anew; those found later are not in it", 1, 100'000'000},
    {"ingest", "trust_pause", duration, "\"1m\"", kLive, "Between two builds of the web of trust, at least; after a long one twenty times what it took", 0, kDay},
    {"ingest", "deny_kinds", text_list, "[]", kLive, "Kinds that are not taken, whoever brings them", 0, 0, {}, "[\"4\", \"20000-29999\"]"},
    {"ingest", "allow_kinds", text_list, "[]", kLive, "When there are any, clients may publish these kinds alone", 0, 0, {}, "[\"0-7\", \"10002\"]"},
    {"ingest", "max_in_flight", integer, "8192", kRestart, "Events between arrival and their fate", 64, 1'000'000},
    {"ingest", "max_in_flight_bytes", bytes, "\"64MiB\"", kRestart, "Memory of those events", kMi, 64 * kGi},
    {"ingest", "recent_ephemeral", integer, "16384", kRestart, "Ids of ephemeral events remembered, so that one that two upstreams bring is delivered once", 1, 10'000'000},

    {"rate", "exempt_addresses", text_list, "[\"127.0.0.0/8\", \"::1/128\"]", kLive, "Addresses and blocks (CIDR) of clients that nothing here holds for, such as relays that push their events to this one", 0, 0, {}, "[\"127.0.0.0/8\", \"::1/128\", \"192.0.2.7\"]"},
    {"rate", "connection_events", rate, "\"20/s burst 500\"", kLive, "EVENTs of a connection, whatever becomes of them; beyond it OK false with rate-limited"},
    {"rate", "address_events", rate, "\"50/s burst 2000\"", kLive, "The same over all connections of one address"},
    {"rate", "pubkey_events", rate, "\"10/s burst 500\"", kLive, "Events of one author, once their signature was checked, whoever brings them; not those that are held already"},
    {"rate", "unknown_pubkey_events", rate, "\"5/s burst 200\"", kLive, "The same of authors that nobody here knows: neither on an allow list, nor relay.pubkey, relay.admins or the relay itself; off leaves them pubkey_events"},
    {"rate", "connection_requests", rate, "\"20/s burst 400\"", kLive, "REQs, COUNTs, NEG-OPENs and NEG-MSGs of a connection together; beyond it CLOSED or NEG-ERR with rate-limited"},
    {"rate", "address_requests", rate, "\"50/s burst 1000\"", kLive, "The same over all connections of one address"},
    {"rate", "connection_bytes", byte_rate, "\"2MiB/s burst 32MiB\"", kLive, "Messages of a connection, inflated; beyond it reading pauses until there is room, nothing is lost"},
    {"rate", "address_bytes", byte_rate, "\"8MiB/s burst 64MiB\"", kLive, "The same over all connections of one address"},
    {"rate", "address_connections", rate, "\"2/s burst 120\"", kLive, "New connections, and plain HTTP requests, of one address; beyond it 429 with Retry-After"},

    {"plugin", "command", text, "\"\"", kLive, "Program that decides about every event, with the JSON lines of strfry's write policy plugins; given to /bin/sh; the program with an absolute path, arguments may follow; without a space it is started anew when its file changes; empty: none", 0, 0, {}, "\"/usr/local/lib/pharos/policy\""},
    {"plugin", "timeout", duration, "\"5s\"", kLive, "How long it may take over an event, and how long an event waits for its turn; a program from which nothing comes in that time is started anew", 10, kHour},
    {"plugin", "max_in_flight", integer, "64", kLive, "Events it is given before it has answered; 1 for one at a time", 1, 10'000},
    {"plugin", "queue_capacity", integer, "2048", kLive, "Events that wait for their turn; beyond it on_failure decides", 1, 1'000'000},
    {"plugin", "on_failure", choice, "\"reject\"", kLive, "What becomes of events while the program is down, too slow or has too many waiting: reject asks their sender to try again later, accept takes them as if there were none", 0, 0, "reject accept"},
    {"plugin", "sources", text_list, "[\"client\", \"router\"]", kLive, "Whose events it is asked about: client always, router for upstreams, import for pharos import", 0, 0, {}, "[\"client\"]"},
    {"plugin", "backoff_first", duration, "\"1s\"", kLive, "First delay before a program that failed is started anew; doubles, with full jitter", 10, kHour},
    {"plugin", "backoff_cap", duration, "\"1m\"", kLive, "Longest such delay", 100, kDay},

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
    {"admin", "watch_settings", boolean, "true", kLive, "Take this file, and the certificate, anew when they change, as on SIGHUP"},

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

constexpr Setting kRetention[] = {
    {"retention", "name", text, "\"\"", kLive, "Unique; what the plan and the log call the rule"},
    {"retention", "filters", filter_list, "[\"{}\"]", kLive, "NIP-01 filters without limit: which events the rule is about", 0, 0, {}, "[{ kinds = [7] }, { kinds = [1], authors = [\"<64 hex digits>\"] }]"},
    {"retention", "keep", boolean, "false", kLive, "true: what the filters match is kept, whatever other rules and storage.max_size say"},
    {"retention", "max_age", duration, "\"0s\"", kLive, "Older events are erased, and refused when they come again; 0s is no bound", 0, 36'500 * kDay},
    {"retention", "max_events", integer, "0", kLive, "The newest so many are kept; 0 is no bound", 0, 1e15},
    {"retention", "max_events_per_author", integer, "0", kLive, "The newest so many of each author are kept; 0 is no bound", 0, 1e15},
};

constexpr Setting kKindLimit[] = {
    {"kind_limit", "kinds", kind_list, "[]", kLive, "The kinds it is about, and ranges of them; none of them in another table", 0, 0, {}, "[3, 10002, \"30000-39999\"]"},
    {"kind_limit", "max_event_bytes", bytes, "\"0\"", kLive, "In place of ingest.max_event_bytes, greater or less; at most relay.max_message_bytes; 0 leaves that one", 0, kGi},
    {"kind_limit", "max_content_length", integer, "0", kLive, "In place of ingest.max_content_length", 0, 1'000'000'000},
    {"kind_limit", "max_tags", integer, "0", kLive, "In place of ingest.max_tags", 0, 100'000},
    {"kind_limit", "max_tag_item_bytes", bytes, "\"0\"", kLive, "In place of ingest.max_tag_item_bytes", 0, kGi},
    {"kind_limit", "min_pow", integer, "0", kLive, "In place of ingest.min_pow; for clients alone", 0, 256},
};

constexpr TableList kTableLists[] = {
    {"kind_limit", "Limits of single kinds, where they are others than those of [ingest]; NIP-11 tells of the latter.", kKindLimit},
    {"retention", "Rules for what is erased with time; `pharos retention plan` shows what they would erase. An event goes when any rule says so and no rule keeps it.", kRetention, "name"},
    {"upstream", "One table for each upstream relay.", kUpstream, "name url"},
};
// clang-format on

}  // namespace

std::span<const Setting> settings_table() { return kSettings; }
std::span<const Setting> upstream_table() { return kUpstream; }
std::span<const TableList> table_lists() { return kTableLists; }

std::string_view section_help(std::string_view section) {
  if (section == "relay") return "What clients see.";
  if (section == "storage") return "The embedded database.";
  if (section == "ingest") return "What is accepted, whoever sends it.";
  if (section == "rate")
    return "How fast clients may go: as many a second, min, h or d, and a burst that may be saved up; without one, as "
           "many as come in that time. Generous, so that no ordinary client meets them. An IPv6 /64 counts as one "
           "address, and behind a trusted proxy it is the client's.";
  if (section == "plugin") return "A write policy of your own; pharos plugin test tries one.";
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
