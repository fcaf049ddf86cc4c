#include "app/instance_status.h"

#include <algorithm>

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "app/wording.h"

namespace pharos::app {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void text(Writer& out, const std::string& value) {
  out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}
void member(Writer& out, const char* key, const std::string& value) {
  out.Key(key);
  text(out, value);
}
void member(Writer& out, const char* key, const std::vector<std::string>& values) {
  out.Key(key);
  out.StartArray();
  for (const std::string& value : values) text(out, value);
  out.EndArray();
}
void member(Writer& out, const char* key, bool value) {
  out.Key(key);
  out.Bool(value);
}
void member(Writer& out, const char* key, std::int64_t value) {
  out.Key(key);
  out.Int64(value);
}
void member(Writer& out, const char* key, std::uint64_t value) {
  out.Key(key);
  out.Uint64(value);
}

void settings(Writer& out, const SettingsState& state, const std::vector<std::string>& managed) {
  out.Key("settings");
  out.StartObject();
  member(out, "file", state.file);
  member(out, "taken", state.taken);
  member(out, "managed", managed);
  member(out, "refused", state.refused);
  member(out, "restart_needed", state.restart_keys);
  out.EndObject();
}

constexpr const char* kWaits[] = {"rule", "no_longer_kept", "max_size"};  // by storage::RetentionWait::What

void retention(Writer& out, const InstanceStatus& status) {
  out.Key("retention");
  out.StartObject();
  member(out, "rules", std::uint64_t{status.settings.retention_rules});
  out.Key("waiting");
  out.StartArray();
  for (const storage::RetentionWait& wait : status.retention_waiting) {
    out.StartObject();
    member(out, "what", std::string(kWaits[static_cast<std::size_t>(wait.what)]));
    member(out, "name", wait.name);
    member(out, "until", wait.until);
    if (wait.would_erase) member(out, "would_erase", *wait.would_erase);
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
}

std::string in_short(std::int64_t seconds) {
  return seconds < 120    ? fmt::format("{} s", seconds)
         : seconds < 7200 ? fmt::format("{} min", seconds / 60)
                          : fmt::format("{} h", seconds / 3600);
}

std::string warning_of(const storage::RetentionWait& wait, UnixSeconds now) {
  const std::string time = in_short(std::max<std::int64_t>(0, wait.until - now));
  switch (wait.what) {
    case storage::RetentionWait::What::rule:
      return fmt::format("the retention rule \"{}\" begins to erase{} in {}; `pharos retention plan` shows what",
                         wait.name, wait.would_erase ? " " + counted(*wait.would_erase, "event") : "", time);
    case storage::RetentionWait::What::no_longer_kept:
      return fmt::format("what the retention rule \"{}\" kept is kept for another {}, then other rules may erase it",
                         wait.name, time);
    case storage::RetentionWait::What::size:
      return fmt::format("the smaller storage.max_size begins to erase in {}", time);
  }
  return "";
}

// A few are told of, and how many there are.
template <class List, class Text>
void append_some(std::vector<std::string>& out, const List& list, const char* command, const Text& text_of) {
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(list.size(), kShown); ++i) out.push_back(text_of(list[i]));
  if (list.size() > kShown) out.push_back(fmt::format("and {} more such: `{}`", list.size() - kShown, command));
}

void plugin(Writer& out, const InstanceStatus& status) {
  out.Key("plugin");
  out.StartObject();
  member(out, "enabled", status.settings.policy);
  member(out, "up", status.policy_up);
  member(out, "asked", status.policy_asked);
  member(out, "unanswered", status.policy_unanswered);
  member(out, "faults", status.policy_faults);
  out.EndObject();
}

void access(Writer& out, const InstanceStatus& status) {
  out.Key("access");
  out.StartObject();
  member(out, "banned_pubkeys", std::uint64_t{status.banned_pubkeys});
  member(out, "banned_events", std::uint64_t{status.banned_events});
  member(out, "blocked_ips", std::uint64_t{status.blocked_addresses});
  member(out, "denied_kinds", std::uint64_t{status.denied_kinds});
  member(out, "allowed_pubkeys", std::uint64_t{status.allowed_pubkeys});
  member(out, "allowed_events", std::uint64_t{status.allowed_events});
  member(out, "allowed_kinds", std::uint64_t{status.allowed_kinds});
  member(out, "members_only", status.members_only);
  out.EndObject();
}

}  // namespace

std::vector<std::string> warnings(const InstanceStatus& status) {
  std::vector<std::string> out;
  if (status.settings.policy && !status.policy_up) {
    out.push_back(
        fmt::format("the write policy (plugin.command) is down: events are {}, as plugin.on_failure says",
                    status.settings.policy_accepts_on_failure ? "taken without being asked about" : "refused"));
  }
  for (const std::string& why : status.settings.refused) {
    out.push_back("the last reload failed, the settings before it stay in force: " + why);
  }
  if (!status.settings.restart_keys.empty()) {
    out.push_back(
        fmt::format("changed in the settings, takes a restart: {}", fmt::join(status.settings.restart_keys, ", ")));
  }
  // What was counted and comes to nothing is no reason to look.
  std::vector<storage::RetentionWait> waiting = status.retention_waiting;
  std::erase_if(waiting, [](const storage::RetentionWait& wait) { return wait.would_erase == 0U; });
  append_some(out, waiting, "pharos retention plan",
              [&](const storage::RetentionWait& wait) { return warning_of(wait, status.now); });
  append_some(out, status.upstream_troubles, "pharos router status", [](const auto& trouble) {
    return fmt::format("the upstream \"{}\" is connected, but: {}", trouble.first, trouble.second);
  });
  if (status.upstreams_live == 0 && status.upstreams_failing > 0)
    out.push_back("no upstream is connected: `pharos router status` tells why");
  return out;
}

std::string to_json(const InstanceStatus& status) {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  out.StartObject();
  member(out, "version", status.version);
  member(out, "started", status.started);
  member(out, "uptime_seconds", status.now - status.started);
  member(out, "problem", status.problem);
  member(out, "warnings", warnings(status));
  member(out, "relay", status.relay_addresses);
  member(out, "admin", status.admin_address);
  member(out, "npub", status.npub);
  member(out, "directory", status.directory);
  settings(out, status.settings, status.managed);
  plugin(out, status);
  out.Key("database");
  out.StartObject();
  member(out, "events", status.events);
  member(out, "logged_events", status.logged_events);
  member(out, "last_seq", status.last_seq);
  member(out, "bytes", status.database_bytes);
  member(out, "free_bytes", status.free_bytes);
  member(out, "map_bytes", status.database_map_bytes);
  out.EndObject();
  retention(out, status);
  if (status.search_left) member(out, "search_left", *status.search_left);
  member(out, "connections", status.connections);
  member(out, "authenticated_connections", status.authenticated_connections);
  member(out, "subscriptions", status.subscriptions);
  out.Key("queues");
  out.StartArray();
  for (const InstanceStatus::Queue& queue : status.queues) {
    out.StartObject();
    member(out, "name", queue.name);
    member(out, "depth", queue.depth);
    member(out, "capacity", queue.capacity);
    out.EndObject();
  }
  out.EndArray();
  out.Key("router");
  out.StartObject();
  member(out, "upstreams", std::uint64_t{status.upstreams});
  member(out, "connected", std::uint64_t{status.upstreams_live});
  out.EndObject();
  out.Key("monitor");
  out.StartObject();
  member(out, "enabled", status.monitoring);
  member(out, "probes_running", status.probes_running);
  member(out, "targets_overdue", status.targets_overdue);
  out.EndObject();
  access(out, status);
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pharos::app
