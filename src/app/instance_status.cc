#include "app/instance_status.h"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

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

void settings(Writer& out, const SettingsState& state) {
  out.Key("settings");
  out.StartObject();
  member(out, "taken", state.taken);
  member(out, "refused", state.refused);
  member(out, "restart_needed", state.restart_keys);
  out.EndObject();
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
  settings(out, status.settings);
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
