// What the router is told: upstreams, and the numbers that bound it. Plain data with defaults; app fills it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "nostr/filter.h"
#include "nostr/relay_url.h"
#include "util/backoff.h"

namespace pharos::router {

enum class Direction { down, up, both };

struct UpstreamOptions {
  std::string name;  // unique; the metric label and the name in the status
  RelayUrl url;
  Direction direction = Direction::down;
  // What to mirror (down) and what to send (up); one ledger per filter. since and until bound the ledger, limit is
  // ignored. {Filter{}} is everything.
  std::vector<Filter> filters{Filter{}};
  int priority = 0;  // higher is dialed first
  bool enabled = true;
  std::string socks5_proxy;       // "host:port"; "" dials directly
  bool auth = true;               // answer NIP-42 challenges with the relay's identity
  bool publish_existing = false;  // up: begin with what is stored already instead of with what comes next
  bool publish_private = false;   // up: send direct messages and gift wraps too (kinds 4, 1059, 21059)
};

// Re-reads a recent window for events that reached the upstream late (created_at long past when they were stored).
struct RecheckTier {
  std::chrono::seconds window;
  std::chrono::seconds every;
};
// A ledger remembers the last run of this many tiers; further ones are ignored.
inline constexpr std::size_t kMaxRecheckTiers = 4;

struct CatchupOptions {
  std::size_t page_limit = 500;
  std::size_t max_page_limit = 5'000;           // tried once on a second that fills a whole page
  std::size_t parallel_requests = 3;            // REQs of the catch-up in flight on one connection
  std::size_t max_dense_requests = 64;          // REQs spent on splitting one second
  std::size_t max_events_per_second = 100'000;  // ids of one second held while one answer is checked
  std::size_t max_ledger_entries = 512;
  std::chrono::seconds min_split{3'600};             // ranges longer than this are walked from several places at once
  std::chrono::milliseconds page_timeout{30'000};    // without an event or EOSE
  std::chrono::milliseconds page_deadline{600'000};  // for a page as a whole
  std::uint64_t max_answer_factor = 8;               // times the limit asked for, then the page is given up
  std::chrono::seconds late_margin{600};             // created_at younger than now - margin is never claimed
  std::chrono::seconds future_tolerance{900};
  std::chrono::seconds failed_retry_first{5};  // doubles per attempt
  std::chrono::seconds failed_retry_cap{3'600};
  std::chrono::seconds suspect_recheck{6 * 3'600};  // suspect and partial intervals; doubles per attempt
  std::chrono::seconds suspect_recheck_cap{30 * 24 * 3'600};
  std::vector<RecheckTier> rechecks{{std::chrono::hours(24), std::chrono::hours(1)},
                                    {std::chrono::hours(7 * 24), std::chrono::hours(24)},
                                    {std::chrono::hours(30 * 24), std::chrono::hours(7 * 24)}};
  std::chrono::seconds persist_every{30};  // how often live coverage is written to the ledger
};

struct BreakerOptions {
  unsigned failures_to_open = 5;
  std::chrono::milliseconds open_for{60'000};
  unsigned half_open_attempts = 3;
  unsigned successes_to_close = 2;
};

struct LinkOptions {
  Backoff::Options backoff;
  BreakerOptions breaker;
  std::chrono::milliseconds dial_timeout{20'000};
  std::chrono::milliseconds live_timeout{30'000};     // from the live REQ to its EOSE
  std::chrono::milliseconds silence_timeout{90'000};  // from the connection to the first answer
  std::chrono::milliseconds lasting{60'000};          // a connection this old has proven itself
  std::chrono::milliseconds drain_timeout{5'000};
  std::chrono::milliseconds ping_interval{30'000};
  std::chrono::milliseconds read_timeout{75'000};
  std::size_t max_message_bytes = 4U << 20U;
};

struct PublisherOptions {
  std::size_t window = 64;       // EVENTs in flight without an OK
  std::size_t read_batch = 256;  // records examined per read of the store
  unsigned max_attempts = 5;  // unanswered, "try again" or connection-ending sends of one event before it is given up
  std::chrono::milliseconds ok_timeout{20'000};
  std::chrono::milliseconds retry_delay{5'000};
  std::chrono::milliseconds persist_every{1'000};
  std::size_t max_settled_runs = 65'536;  // of what the upstream brought itself and the publisher has not yet passed
};

struct IntakeOptions {
  std::size_t recent_ids = 262'144;            // decided ids remembered by the router; the oldest are forgotten
  std::size_t in_flight_per_upstream = 4'096;  // events without a verdict; beyond it the upstream is not read
  std::chrono::milliseconds retry_delay{20};   // after the sink refused
  std::size_t max_ephemeral = 1'024;           // on their way to the upstreams; further ones are let go
};

struct RouterOptions {
  std::vector<UpstreamOptions> upstreams;
  std::size_t max_upstreams = 500;
  double dials_per_second = 5.0;
  double dial_burst = 5.0;
  CatchupOptions catchup;
  LinkOptions link;
  PublisherOptions publisher;
  IntakeOptions intake;
  std::string user_agent = "pharos";
  std::string ca_file;
  bool allow_private_addresses = true;  // upstreams are named by the operator
};

// Without since, until and limit, as a ledger is keyed and a page is built on.
Filter without_window(const Filter& filter);

}  // namespace pharos::router
