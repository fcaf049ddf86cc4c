#include "app/access_json.h"

#include <map>
#include <set>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace pharos::app {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void text(Writer& out, std::string_view value) {
  out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}
void member(Writer& out, const char* key, std::string_view value) {
  out.Key(key);
  text(out, value);
}

// In the order of the keys, so that two listings can be compared.
void listed(Writer& out, const char* list, const char* key, const std::map<std::string, std::string>& entries) {
  out.Key(list);
  out.StartArray();
  for (const auto& [name, reason] : entries) {
    out.StartObject();
    member(out, key, name);
    if (!reason.empty()) member(out, "reason", reason);
    out.EndObject();
  }
  out.EndArray();
}

template <class Map>
std::map<std::string, std::string> by_hex(const Map& map) {
  std::map<std::string, std::string> out;
  for (const auto& [key, reason] : map) out.emplace(key.hex(), reason);
  return out;
}

void kinds(Writer& out, const char* list, const std::map<Kind, std::string>& entries) {
  out.Key(list);
  out.StartArray();
  for (const auto& [kind, reason] : entries) {
    out.StartObject();
    out.Key("kind");
    out.Uint(kind);
    if (!reason.empty()) member(out, "reason", reason);
    out.EndObject();
  }
  out.EndArray();
}

template <class Range, class Spell>
void texts(Writer& out, const char* key, const Range& range, Spell spell) {
  std::set<std::string> sorted;
  for (const auto& element : range) sorted.insert(spell(element));
  out.Key(key);
  out.StartArray();
  for (const std::string& element : sorted) text(out, element);
  out.EndArray();
}

void roles(Writer& out, const ingest::AccessLists& lists) {
  out.Key("roles");
  out.StartArray();
  for (const auto& [id, role] : lists.roles) {
    out.StartObject();
    member(out, "id", id);
    member(out, "label", role.label);
    member(out, "description", role.description);
    member(out, "color", role.color);
    out.Key("order");
    out.Int64(role.order);
    std::vector<std::string> keys;
    for (const auto& [key, held] : lists.members) {
      if (held.contains(id)) keys.push_back(key.hex());
    }
    texts(out, "pubkeys", keys, [](const std::string& key) { return key; });
    out.EndObject();
  }
  out.EndArray();
}

void settings(Writer& out, const ingest::FixedAccess& fixed) {
  const auto hex = [](const PublicKey& key) { return key.hex(); };
  const auto range = [](const ingest::KindRange& kinds) {
    const std::string first = std::to_string(kinds.first);
    return kinds.first == kinds.last ? first : first + "-" + std::to_string(kinds.last);
  };
  out.Key("settings");
  out.StartObject();
  texts(out, "banned_pubkeys", fixed.denied_pubkeys, hex);
  texts(out, "allowed_pubkeys", fixed.allowed_pubkeys, hex);
  texts(out, "denied_kinds", fixed.denied_kinds, range);
  texts(out, "allowed_kinds", fixed.allowed_kinds, range);
  texts(out, "blocked_ips", fixed.denied_addresses, [](const IpRange& block) { return block.text(); });
  texts(out, "exempt_pubkeys", fixed.exempt, hex);
  out.EndObject();
}

void trail(Writer& out, const char* key, const std::vector<ingest::AuditEntry>& entries) {
  out.Key(key);
  out.StartArray();
  for (const ingest::AuditEntry& entry : entries) {
    out.StartObject();
    out.Key("number");
    out.Uint64(entry.number);
    out.Key("time");
    out.Int64(entry.time);
    member(out, "actor", entry.actor);
    member(out, "action", entry.action);
    member(out, "subject", entry.subject);
    if (!entry.reason.empty()) member(out, "reason", entry.reason);
    out.EndObject();
  }
  out.EndArray();
}

}  // namespace

std::string access_json(const ingest::AccessRules& rules, const std::vector<ingest::AuditEntry>& audit,
                        const std::vector<ingest::AuditEntry>& requests) {
  const ingest::AccessLists& lists = rules.lists();
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  out.StartObject();
  listed(out, "banned_pubkeys", "pubkey", by_hex(lists.banned_pubkeys));
  listed(out, "allowed_pubkeys", "pubkey", by_hex(lists.allowed_pubkeys));
  listed(out, "banned_events", "id", by_hex(lists.banned_events));
  listed(out, "allowed_events", "id", by_hex(lists.allowed_events));
  kinds(out, "denied_kinds", lists.denied_kinds);
  kinds(out, "allowed_kinds", lists.allowed_kinds);
  std::map<std::string, std::string> blocked;
  for (const auto& [range, reason] : lists.blocked) blocked.emplace(range.text(), reason);
  listed(out, "blocked_ips", "ip", blocked);
  roles(out, lists);
  if (lists.name) member(out, "name", *lists.name);
  if (lists.description) member(out, "description", *lists.description);
  if (lists.icon) member(out, "icon", *lists.icon);
  settings(out, rules.fixed());
  trail(out, "audit", audit);
  trail(out, "requests", requests);
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace pharos::app
