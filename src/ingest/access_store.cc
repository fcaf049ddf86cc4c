#include "ingest/access_store.h"

#include <algorithm>
#include <charconv>

#include "storage/kv_table.h"
#include "storage/txn.h"
#include "util/log.h"

namespace pharos::ingest {
namespace {

using storage::KvTable;

std::string entry_key(const AccessEntry& entry) { return static_cast<char>(entry.list) + entry.key; }

std::optional<AuditRing> ring_of_key(char prefix) {
  for (const AuditRing ring : {AuditRing::changes, AuditRing::requests}) {
    if (prefix == static_cast<char>(ring)) return ring;
  }
  return std::nullopt;
}

std::string audit_key(AuditRing ring, std::uint64_t number) {
  std::string key(1, static_cast<char>(ring));
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> static_cast<unsigned>(shift));
  return key;
}

std::string encode(const AuditEntry& audit) {
  std::string out = std::to_string(audit.time);
  for (const std::string* text : {&audit.actor, &audit.action, &audit.subject, &audit.reason}) {
    out += '\0';
    out.append(*text, 0, text->find('\0'));
  }
  return out;
}

std::optional<AuditEntry> decode_audit(std::string_view key, std::string_view value) {
  if (key.size() != 9) return std::nullopt;
  AuditEntry audit;
  for (const std::uint8_t byte : as_bytes(key.substr(1))) audit.number = audit.number << 8U | byte;
  std::string time;
  for (std::string* text : {&time, &audit.actor, &audit.action, &audit.subject}) {
    const std::size_t end = value.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    *text = value.substr(0, end);
    value.remove_prefix(end + 1);
  }
  audit.reason = value;
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), audit.time);
  if (error != std::errc() || end != time.data() + time.size()) return std::nullopt;
  return audit;
}

}  // namespace

Result<StoredAccess, storage::StorageFailure> read_access(const storage::Store& store) {
  StoredAccess access;
  PHAROS_TRY(const auto txn, store.read());
  storage::kv_scan(txn, store.tables(), KvTable::access, {}, {}, [&](std::string_view key, std::string_view value) {
    bool good = false;
    if (const auto ring = ring_of_key(key.front())) {
      auto audit = decode_audit(key, value);
      good = audit.has_value();
      if (audit) access.audit.of(*ring).push_back(std::move(*audit));
    } else {
      good = access.lists.apply({static_cast<AccessList>(key.front()), std::string(key.substr(1)), std::string(value)});
    }
    if (!good) log::warn("access", "an entry of the access lists cannot be read", {{"key", to_hex(as_bytes(key))}});
    return true;
  });
  return access;
}

bool write_access(storage::WriteTxn& txn, const std::vector<AccessEntry>& entries, AuditRing ring,
                  const AuditEntry& audit) {
  const bool all_written = std::ranges::all_of(entries, [&txn](const AccessEntry& entry) {
    return entry.value ? kv_put(txn, KvTable::access, entry_key(entry), *entry.value)
                       : kv_erase(txn, KvTable::access, entry_key(entry));
  });
  if (!all_written || !kv_put(txn, KvTable::access, audit_key(ring, audit.number), encode(audit))) return false;
  return audit.number <= kMaxAuditEntries ||
         kv_erase(txn, KvTable::access, audit_key(ring, audit.number - kMaxAuditEntries));
}

}  // namespace pharos::ingest
