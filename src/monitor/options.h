// What the monitor is told: targets, pace and limits. Plain data with defaults; app fills it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "nostr/relay_url.h"

namespace pharos::monitor {

inline constexpr std::size_t kNetworks = 4;  // clearnet, tor, i2p, loki: the order of pharos::Network

// One deadline per check, each counted from when the check begins.
struct CheckTimeouts {
  std::chrono::milliseconds open{10'000};  // name resolution to the end of the upgrade
  std::chrono::milliseconds read{5'000};   // REQ to EOSE
  std::chrono::milliseconds write{5'000};  // EVENT to OK
  std::chrono::milliseconds nip11{8'000};  // name resolution to the last byte
  std::chrono::milliseconds auth{5'000};   // AUTH to OK
};

struct ProbeOptions {
  CheckTimeouts timeouts;
  // Overlay networks take this many times longer.
  unsigned overlay_factor = 3;
  bool check_write = true;
  bool check_nip11 = true;
  // Answer NIP-42 once when a check is refused for want of it, and repeat that check. Off: the result is what an
  // anonymous client sees.
  bool answer_auth = false;
  std::size_t max_nip11_bytes = 256 * 1024;
  // Hostile peers: messages beyond either cap end the checks on that connection.
  std::size_t max_messages = 64;
  std::size_t max_message_bytes = 512 * 1024;
  bool allow_private_addresses = false;
  std::string ca_file;       // additional trust anchors (PEM)
  std::string socks5_proxy;  // for .onion; "" leaves those targets unwatched
  std::string user_agent = "pharos";
};

struct ScheduleOptions {
  std::chrono::milliseconds period{900'000};
  // Share of the period by which a check may come earlier or later.
  double jitter = 0.05;
  // New and long overdue targets are spread over this time.
  std::chrono::milliseconds first_spread{30'000};
  std::array<std::size_t, kNetworks> concurrency{30, 10, 5, 5};
  std::size_t per_host = 1;  // probes at a time
  // Connections begun per second over all targets; a probe costs one, or two with nip11.
  double dials_per_second = 10.0;
  double dial_burst = 20.0;
  // Delays after consecutive failures, each used attempts_per_rung times, the last one from then on.
  std::vector<std::chrono::milliseconds> retry_ladder{std::chrono::minutes(1),  std::chrono::minutes(5),
                                                      std::chrono::minutes(20), std::chrono::hours(3),
                                                      std::chrono::hours(24),   std::chrono::hours(7 * 24)};
  unsigned attempts_per_rung = 2;
  // A target counts as overdue when it is this much later than due.
  std::chrono::milliseconds overdue_after{60'000};
};

// Many relays of a network failing at the same time means that our own way there is down. Looked at are the newest
// outcomes of min_hosts different hosts that were online before.
struct OutageOptions {
  std::size_t min_hosts = 10;
  std::size_t window = 50;          // outcomes remembered
  double failed_share = 0.8;        // more than this: outage
  std::size_t recovered_hosts = 5;  // so many different hosts that opened since it began: over
  // With at least one host that opened it is over after this time too. Without any it lasts: a ladder climbed for every
  // target would keep them unwatched for days after our network is back.
  std::chrono::milliseconds longest{3'600'000};
  std::chrono::milliseconds retry{60'000};  // until a target whose failure was not judged is tried again
};

struct DiscoveryOptions {
  bool from_store = true;  // `r` of kind 10002, `d` of kind 30166
  std::chrono::milliseconds rescan_every{6 * 3'600'000};
  std::size_t slice_records = 500;
  std::chrono::microseconds slice_time{2'000};
  std::chrono::milliseconds slice_pause{20};
  std::size_t max_urls_per_event = 50;
  std::size_t inbox = 1'024;  // live events waiting; more are dropped and found by the next rescan
};

struct PublishOptions {
  std::vector<RelayUrl> relays;  // besides the own store
  std::size_t queue = 4'096;     // events waiting per relay; beyond it the oldest is dropped
  std::size_t window = 32;       // events without an OK per relay
  unsigned max_attempts = 3;
  std::chrono::milliseconds dial_timeout{10'000};
  std::chrono::milliseconds ok_timeout{10'000};
  std::chrono::milliseconds idle_close{60'000};
  std::chrono::milliseconds retry_first{1'000};
  std::chrono::milliseconds retry_cap{300'000};
  std::size_t pending_own = 4'096;  // events waiting for the own store; beyond it the oldest is dropped
  std::chrono::milliseconds sink_retry{50};
};

struct AnnounceOptions {
  std::chrono::milliseconds period{24 * 3'600'000};
  std::string name = "Pharos relay monitor";  // kind 0
  std::string about;
  std::string own_url;  // "" when unknown: listed in kind 10002 beside the publish relays
};

struct MonitorOptions {
  bool enabled = true;
  std::vector<std::string> targets;
  std::string targets_file;          // one URL a line, # begins a comment
  std::vector<std::string> opt_out;  // URLs or host names never to be probed
  std::size_t max_targets = 20'000;
  std::size_t max_paths_per_host = 25;
  std::size_t history_per_target = 200;
  // NIP-11 documents larger than this are kept, but not repeated in 30166.
  std::size_t max_published_nip11_bytes = 32 * 1024;
  std::string geohash;  // NIP-52 `g` of the monitor's place in 10166; "" for none
  ScheduleOptions schedule;
  ProbeOptions probe;
  OutageOptions outage;
  DiscoveryOptions discovery;
  PublishOptions publish;
  AnnounceOptions announce;
  std::size_t status_targets = 500;  // listed by status_json()
  std::chrono::milliseconds status_every{1'000};
};

}  // namespace pharos::monitor
