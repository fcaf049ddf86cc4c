#include "app/instance_status.h"

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
void member(Writer& out, const char* key, std::int64_t value) {
  out.Key(key);
  out.Int64(value);
}
void member(Writer& out, const char* key, std::uint64_t value) {
  out.Key(key);
  out.Uint64(value);
}

}  // namespace

std::string to_json(const InstanceStatus& status) {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  out.StartObject();
  member(out, "version", status.version);
  member(out, "started", status.started);
  member(out, "uptime_seconds", status.now - status.started);
  member(out, "problem", status.problem);
  out.Key("relay");
  out.StartArray();
  for (const std::string& address : status.relay_addresses) text(out, address);
  out.EndArray();
  member(out, "admin", status.admin_address);
  member(out, "npub", status.npub);
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
  out.Key("enabled");
  out.Bool(status.monitoring);
  member(out, "probes_running", status.probes_running);
  member(out, "targets_overdue", status.targets_overdue);
  out.EndObject();
  out.Key("access");
  out.StartObject();
  member(out, "banned_pubkeys", std::uint64_t{status.banned_pubkeys});
  member(out, "banned_events", std::uint64_t{status.banned_events});
  member(out, "blocked_ips", std::uint64_t{status.blocked_addresses});
  out.EndObject();
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pharos::app
