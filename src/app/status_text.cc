#include "app/status_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <rapidjson/document.h>

#include "app/wording.h"

namespace pharos::app {
namespace {

using Json = rapidjson::Value;

constexpr rapidjson::SizeType kRefusedShown = 5;

const Json* member(const Json& object, const char* key) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string text(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->IsString() ? std::string(value->GetString(), value->GetStringLength()) : "";
}

std::int64_t number(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->IsInt64() ? value->GetInt64() : 0;
}

std::uint64_t count(const Json& object, const char* key) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number(object, key)));
}

bool is_true(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->IsTrue();
}

std::vector<std::string> texts(const Json& object, const char* key) {
  std::vector<std::string> out;
  const Json* list = member(object, key);
  if (list == nullptr || !list->IsArray()) return out;
  for (const Json& value : list->GetArray()) {
    if (value.IsString()) out.emplace_back(value.GetString(), value.GetStringLength());
  }
  return out;
}

double real(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->IsNumber() ? value->GetDouble() : 0;
}

// "3m ago"; "never" for nothing.
std::string ago(std::int64_t then, UnixSeconds now) {
  if (then == 0) return "never";
  const std::int64_t seconds = std::max<std::int64_t>(0, now - then);
  if (seconds < 120) return fmt::format("{}s ago", seconds);
  if (seconds < 7200) return fmt::format("{}m ago", seconds / 60);
  if (seconds < 172'800) return fmt::format("{}h ago", seconds / 3600);
  return fmt::format("{}d ago", seconds / 86'400);
}

std::string reasons(const Json* counts) {
  std::string out;
  if (counts == nullptr || !counts->IsObject()) return out;
  for (const auto& entry : counts->GetObject()) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", entry.name.GetString(), entry.value.GetInt64());
  }
  return out.empty() ? out : " (" + out + ")";
}

// The newest few; the document holds them oldest first.
void append_refused(std::string& out, const Json& up, UnixSeconds now) {
  const Json* refused = member(up, "last_refused");
  if (refused == nullptr || !refused->IsArray()) return;
  const rapidjson::SizeType count = refused->Size();
  for (rapidjson::SizeType i = count; i > 0 && count - i < kRefusedShown; --i) {
    const Json& each = (*refused)[i - 1];
    out +=
        fmt::format("  refused     {}  {}  {}\n", text(each, "id"), ago(number(each, "at"), now), text(each, "text"));
  }
}

void append_upstream(std::string& out, const Json& upstream, UnixSeconds now) {
  out += fmt::format("{}  {}  {}  {}", text(upstream, "name"), text(upstream, "url"), text(upstream, "direction"),
                     text(upstream, "state"));
  if (number(upstream, "connected_since") != 0) {
    out += fmt::format(", connected {}", ago(number(upstream, "connected_since"), now));
  }
  out += fmt::format(", last event {}\n", ago(number(upstream, "last_event"), now));
  if (const std::string error = text(upstream, "last_error"); !error.empty()) {
    const std::int64_t at = number(upstream, "last_error_at");
    out += fmt::format("  last error  {}{} (breaker {}, {} retries)\n", at == 0 ? "" : ago(at, now) + ": ", error,
                       text(upstream, "breaker"), number(upstream, "retries"));
  }
  if (const std::string trouble = text(upstream, "trouble"); !trouble.empty()) {
    out += fmt::format("  trouble     connected, but: {}\n", trouble);
  }
  const Json* down = member(upstream, "down");
  if (down != nullptr && text(upstream, "direction") != "up") {
    out += fmt::format("  down        {} novel, {} duplicate, {} invalid{}, {} lost, {} not asked for, {} in flight\n",
                       number(*down, "novel"), number(*down, "duplicate"), number(*down, "invalid"),
                       reasons(member(*down, "invalid_reasons")), number(*down, "lost"),
                       number(*down, "non_conforming"), number(*down, "in_flight"));
    if (const Json* ledgers = member(*down, "ledgers"); ledgers != nullptr && ledgers->IsArray()) {
      for (const Json& ledger : ledgers->GetArray()) {
        out += fmt::format("  ledger      {}  {:.2f} % complete, {} partial, {} failed, {} suspect, {} gaps\n",
                           text(ledger, "filter"), 100 * real(ledger, "complete_share"), number(ledger, "partial"),
                           number(ledger, "failed"), number(ledger, "suspect"), number(ledger, "gaps"));
      }
    }
  }
  const Json* up = member(upstream, "up");
  if (up != nullptr && text(upstream, "direction") != "down") {
    out += fmt::format("  up          {} accepted, {} duplicate, {} refused{}, backlog {}\n", number(*up, "accepted"),
                       number(*up, "duplicate"), number(*up, "refused"), reasons(member(*up, "refusals")),
                       number(*up, "backlog"));
    append_refused(out, *up, now);
  }
}

void append_target(std::string& out, const Json& target) {
  out += fmt::format("  {:<8} {:<48}", text(target, "state"), text(target, "url"));
  if (const Json* checks = member(target, "checks"); checks != nullptr && checks->IsObject()) {
    for (const auto& check : checks->GetObject()) {
      const std::string outcome = text(check.value, "outcome");
      const std::string fault = outcome == "timeout" ? outcome : text(check.value, "fault");
      out += fmt::format("  {} {}", check.name.GetString(),
                         fault.empty() ? fmt::format("{} ms", number(check.value, "ms")) : fault);
    }
  }
  out += "\n";
}

void append_publish_relay(std::string& out, const Json& relay) {
  out +=
      fmt::format("publish   {}  {}, {} accepted, {} rejected, {} failed, {} dropped, {} waiting\n", text(relay, "url"),
                  text(relay, "state"), number(relay, "accepted"), number(relay, "rejected"), number(relay, "failed"),
                  number(relay, "dropped"), number(relay, "waiting") + number(relay, "in_flight"));
  if (const std::string error = text(relay, "last_error"); !error.empty()) {
    out += fmt::format("          last error  {}\n", error);
  }
}

void append_plugin(std::string& out, const Json& status) {
  const Json* plugin = member(status, "plugin");
  if (plugin == nullptr || !is_true(*plugin, "enabled")) {
    out += "plugin    off\n";
    return;
  }
  out += fmt::format("plugin    {}, asked about {}, {} not answered, ended by itself or for a fault {}\n",
                     is_true(*plugin, "up") ? "up" : "DOWN", counted(count(*plugin, "asked"), "event"),
                     count(*plugin, "unanswered"), counted(count(*plugin, "faults"), "time"));
}

void append_access(std::string& out, const Json& access) {
  out += fmt::format("banned    {}, {}, {}, {}\n", counted(count(access, "banned_pubkeys"), "public key"),
                     counted(count(access, "banned_events"), "event"), counted(count(access, "denied_kinds"), "kind"),
                     counted(count(access, "blocked_ips"), "address block"));
  const std::string members_only = text(access, "members_only");
  const bool is_for_members = members_only == "write" || members_only == "read_write";
  if (is_for_members) {
    out += fmt::format("members   {}; they alone may {}\n", counted(count(access, "allowed_pubkeys"), "public key"),
                       members_only == "write" ? "publish" : "read and publish");
  }
  out += fmt::format(
      "allowed   {}{}, {}\n", is_for_members ? "" : counted(count(access, "allowed_pubkeys"), "public key") + ", ",
      counted(count(access, "allowed_kinds"), "kind"), counted(count(access, "allowed_events"), "event"));
}

void append_settings(std::string& out, const Json& status) {
  const Json* settings = member(status, "settings");
  if (settings == nullptr) return;
  const std::string file = text(*settings, "file");
  out += fmt::format("settings  {}, taken {}\n", file.empty() ? "no file: defaults and environment" : file,
                     ago(number(*settings, "taken"), number(status, "started") + number(status, "uptime_seconds")));
  if (const auto managed = texts(*settings, "managed"); !managed.empty()) {
    out += fmt::format(
        "          an administrator (NIP-86) has set something else for {}; an empty text there takes it back\n",
        fmt::join(managed, ", "));
  }
}

void append_retention(std::string& out, const Json& status) {
  const Json* retention = member(status, "retention");
  if (retention == nullptr) return;
  const Json* waiting = member(*retention, "waiting");
  const std::size_t not_yet = waiting != nullptr && waiting->IsArray() ? waiting->Size() : 0;
  out +=
      fmt::format("retention {}{}\n", counted(count(*retention, "rules"), "rule"),
                  not_yet == 0 ? "" : fmt::format(", {} of the settings not in force yet", counted(not_yet, "change")));
}

bool parse(rapidjson::Document& document, const std::string& json) {
  document.Parse(json.data(), json.size());
  return !document.HasParseError() && document.IsObject();
}

}  // namespace

std::string router_status_text(const std::string& json, UnixSeconds now) {
  rapidjson::Document document;
  if (!parse(document, json)) return {};
  const Json* upstreams = member(document, "upstreams");
  if (upstreams == nullptr || !upstreams->IsArray()) return {};
  std::string out;
  for (const Json& upstream : upstreams->GetArray()) append_upstream(out, upstream, now);
  return out.empty() ? "no upstreams in the settings\n" : out;
}

std::string monitor_status_text(const std::string& json, bool enabled) {
  rapidjson::Document document;
  if (!parse(document, json)) return {};
  if (member(document, "enabled") != nullptr) {
    return enabled ? "the monitor is off; the settings turn it on at the next restart\n"
                   : "the monitor is off (monitor.enabled)\n";
  }
  std::string out = fmt::format("period {} s, {} in flight, {} overdue\n", number(document, "period_ms") / 1000,
                                number(document, "in_flight"), number(document, "overdue"));
  if (const Json* outage = member(document, "own_outage"); outage != nullptr && outage->IsTrue()) {
    out += "own outage: most targets fail at once, nothing is judged or published\n";
  }
  if (const Json* networks = member(document, "networks"); networks != nullptr && networks->IsObject()) {
    for (const auto& network : networks->GetObject()) {
      out += fmt::format("{:<9} {} online, {} offline, {} unknown, {} ignored\n", network.name.GetString(),
                         number(network.value, "online"), number(network.value, "offline"),
                         number(network.value, "unknown"), number(network.value, "ignored"));
    }
  }
  if (const std::int64_t waiting = number(document, "own_store_waiting"); waiting > 0) {
    out += fmt::format("{} statements wait for the own store\n", waiting);
  }
  if (const Json* relays = member(document, "publish_relays"); relays != nullptr && relays->IsArray()) {
    for (const Json& relay : relays->GetArray()) append_publish_relay(out, relay);
  }
  if (const Json* refused = member(document, "refused_targets"); refused != nullptr && refused->IsArray()) {
    for (const Json& each : refused->GetArray()) {
      out += fmt::format("  {:<8} {:<48}  {}\n", "refused", text(each, "target"), text(each, "reason"));
    }
  }
  if (const std::int64_t omitted = number(document, "refused_targets_omitted"); omitted > 0) {
    out += fmt::format("  and {} more refused\n", omitted);
  }
  if (const Json* targets = member(document, "targets"); targets != nullptr && targets->IsArray()) {
    for (const Json& target : targets->GetArray()) append_target(out, target);
  }
  if (const std::int64_t omitted = number(document, "targets_omitted"); omitted > 0) {
    out += fmt::format("  and {} more\n", omitted);
  }
  return out;
}

std::string instance_status_text(const std::string& json) {
  rapidjson::Document document;
  if (!parse(document, json)) return {};
  const Json* database = member(document, "database");
  const Json* router = member(document, "router");
  const Json* monitor = member(document, "monitor");
  const Json* access = member(document, "access");
  if (database == nullptr || router == nullptr || monitor == nullptr || access == nullptr) return {};
  const std::string problem = text(document, "problem");
  const std::vector<std::string> warnings = texts(document, "warnings");
  std::string out =
      fmt::format("pharos {}, up {} s, {}\n", text(document, "version"), number(document, "uptime_seconds"),
                  !problem.empty()   ? problem
                  : warnings.empty() ? "fine"
                                     : "with something to look after:");
  for (const std::string& warning : warnings) out += "!! " + warning + "\n";
  append_settings(out, document);
  out += fmt::format("relay     {} (admin {})\nidentity  {}\ndata      {}\n", fmt::join(texts(document, "relay"), " "),
                     text(document, "admin"), text(document, "npub"), text(document, "directory"));
  const std::uint64_t logged = count(*database, "logged_events");
  out += fmt::format("database  {}{}, {}, {} of it free, {:.2f} % of storage.map_size\n",
                     counted(count(*database, "events") + logged, "event"),
                     logged == 0 ? "" : fmt::format(" ({} of them not merged yet)", logged),
                     byte_size(count(*database, "bytes")), byte_size(count(*database, "free_bytes")),
                     100.0 * real(*database, "bytes") / std::max(1.0, real(*database, "map_bytes")));
  append_retention(out, document);
  const std::int64_t left = number(document, "search_left");
  if (left > 0) out += fmt::format("search    being built, {} sequence numbers left\n", left);
  if (left == 0) out += member(document, "search_left") != nullptr ? "search    on\n" : "search    off\n";
  out += fmt::format(
      "clients   {}, {} of them authenticated, {}\n", counted(count(document, "connections"), "connection"),
      number(document, "authenticated_connections"), counted(count(document, "subscriptions"), "subscription"));
  out += fmt::format("router    {} of {} connected\n", number(*router, "connected"),
                     counted(count(*router, "upstreams"), "upstream"));
  out += is_true(*monitor, "enabled")
             ? fmt::format("monitor   {} running, {} overdue\n", counted(count(*monitor, "probes_running"), "probe"),
                           counted(count(*monitor, "targets_overdue"), "target"))
             : "monitor   off\n";
  append_plugin(out, document);
  append_access(out, *access);
  if (const Json* queues = member(document, "queues"); queues != nullptr && queues->IsArray()) {
    out += "queues   ";
    for (const Json& queue : queues->GetArray())
      out += fmt::format(" {} {}/{}", text(queue, "name"), number(queue, "depth"), number(queue, "capacity"));
    out += "\n";
  }
  return out;
}

}  // namespace pharos::app
