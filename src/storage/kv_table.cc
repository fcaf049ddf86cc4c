#include "storage/kv_table.h"

#include "storage/keys.h"
#include "storage/txn.h"

namespace pharos::storage {
namespace {

Dbi handle(const Tables& tables, KvTable table) {
  switch (table) {
    case KvTable::router_ledger:
      return tables[Table::kv_router_ledger];
    case KvTable::router_outbox:
      return tables[Table::kv_router_outbox];
    case KvTable::monitor_target:
      return tables[Table::kv_monitor_target];
    case KvTable::monitor_result:
      return tables[Table::kv_monitor_result];
    case KvTable::document:
      return tables[Table::kv_document];
    case KvTable::access:
      return tables[Table::kv_access];
    case KvTable::misc:
      return tables[Table::kv_misc];
  }
  return tables[Table::kv_misc];
}

bool is_valid(std::string_view key) { return !key.empty() && key.size() <= kMaxKvKeyBytes; }

}  // namespace

std::optional<std::string_view> kv_get(const ReadTxn& txn, const Tables& tables, KvTable table, std::string_view key) {
  if (!is_valid(key)) return std::nullopt;
  return txn.get(handle(tables, table), key);
}

void kv_scan(const ReadTxn& txn, const Tables& tables, KvTable table, std::string_view prefix, std::string_view from,
             const std::function<bool(std::string_view key, std::string_view value)>& visit) {
  Cursor cursor(txn, handle(tables, table));
  const std::string_view start = from > prefix ? from : prefix;
  bool there = start.empty() ? cursor.first() : cursor.seek(start.substr(0, kMaxLmdbKeyBytes));
  for (; there && cursor.key().starts_with(prefix); there = cursor.next()) {
    // A start longer than any key was cut above.
    if (cursor.key() < start) continue;
    if (!visit(cursor.key(), cursor.value())) return;
  }
}

bool kv_put(WriteTxn& txn, KvTable table, std::string_view key, std::string_view value) {
  return is_valid(key) && txn.put(handle(txn.tables(), table), key, value);
}

bool kv_erase(WriteTxn& txn, KvTable table, std::string_view key) {
  return is_valid(key) && txn.erase(handle(txn.tables(), table), key);
}

std::optional<std::string> kv_get(WriteTxn& txn, KvTable table, std::string_view key) {
  if (!is_valid(key)) return std::nullopt;
  const std::optional<std::string_view> value = txn.get(handle(txn.tables(), table), key);
  return value ? std::optional(std::string(*value)) : std::nullopt;
}

}  // namespace pharos::storage
