// What a running instance is and does, for `pharos status`. A value; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/retention_notice.h"
#include "util/clock.h"

namespace pharos::app {

// What came of reading the settings while it runs.
struct SettingsState {
  std::string file;                       // "" for none
  UnixSeconds taken = 0;                  // when those in force were read
  std::vector<std::string> refused;       // why the last reading took nothing; empty when it took them
  std::vector<std::string> restart_keys;  // what the file says of these takes a restart
  bool policy = false;                    // there is a write policy plugin
  bool policy_accepts_on_failure = false;
  std::size_t retention_rules = 0;  // in force or not
};

struct InstanceStatus {
  struct Queue {
    std::string name;
    std::int64_t depth = 0;
    std::int64_t capacity = 0;
  };
  std::string version;
  UnixSeconds started = 0;
  UnixSeconds now = 0;
  std::string problem;  // "" when it is healthy and ready
  std::vector<std::string> relay_addresses;
  std::string admin_address;
  std::string npub;
  std::string directory;  // of the data
  SettingsState settings;
  bool policy_up = false;
  std::uint64_t policy_asked = 0;
  std::uint64_t policy_unanswered = 0;
  std::uint64_t policy_faults = 0;  // ends that nobody asked for
  std::uint64_t events = 0;         // in the database
  std::uint64_t logged_events = 0;  // in the log, not merged yet
  std::uint64_t last_seq = 0;
  std::uint64_t database_bytes = 0;          // of its file
  std::uint64_t free_bytes = 0;              // inside it, to be reused
  std::uint64_t database_map_bytes = 0;      // storage.map_size
  std::optional<std::uint64_t> search_left;  // sequence numbers that the index for search lacks; nullopt: it is off
  std::vector<storage::RetentionWait> retention_waiting;
  std::int64_t connections = 0;
  std::int64_t authenticated_connections = 0;
  std::int64_t subscriptions = 0;
  std::vector<Queue> queues;
  std::size_t upstreams = 0;
  std::size_t upstreams_live = 0;                                      // connected
  std::size_t upstreams_failing = 0;                                   // not connected, though they were dialed
  std::vector<std::pair<std::string, std::string>> upstream_troubles;  // name, what; of connected ones
  bool monitoring = false;
  std::int64_t probes_running = 0;
  std::int64_t targets_overdue = 0;
  std::size_t banned_pubkeys = 0;
  std::size_t banned_events = 0;
  std::size_t blocked_addresses = 0;
  std::size_t denied_kinds = 0;
  std::size_t allowed_pubkeys = 0;
  std::size_t allowed_events = 0;
  std::size_t allowed_kinds = 0;
  std::string members_only;          // as the setting says: "off", "write", "read_write"
  std::vector<std::string> managed;  // settings in whose place an administrator (NIP-86) has put something else
};

// What goes on while it is healthy and ready, and an operator has to know: a line each, the most important one first.
std::vector<std::string> warnings(const InstanceStatus& status);

// One object.
std::string to_json(const InstanceStatus& status);

}  // namespace pharos::app
