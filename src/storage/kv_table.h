// Small tables of the upper layers (ledger, probe results, cursors), in the same environment and write transactions as
// the events. A table is named by a KvTable; keys are byte strings of at most 400 bytes, ordered as memcmp orders them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "storage/store.h"

namespace pharos::storage {

// The names under which they are persisted are in tables.h.
enum class KvTable : std::uint8_t {
  router_ledger = 1,   // (upstream, filter) -> intervals
  router_outbox = 2,   // upstream -> publish cursor
  monitor_target = 3,  // relay url -> schedule state
  monitor_result = 4,  // (relay url, time) -> result
  document = 5,        // SHA-256 -> bytes
  misc = 6,
  access = 7,  // access lists and their audit
};

inline constexpr std::size_t kMaxKvKeyBytes = 400;

// Reader side; the view is valid while the transaction lives.
std::optional<std::string_view> kv_get(const ReadTxn& txn, const Tables& tables, KvTable table, std::string_view key);
// Calls visit in key order from the first key >= from while keys start with prefix; visit returns false to stop.
void kv_scan(const ReadTxn& txn, const Tables& tables, KvTable table, std::string_view prefix, std::string_view from,
             const std::function<bool(std::string_view key, std::string_view value)>& visit);

// Writer side, inside Store::submit_update(). False on a storage error or an oversized key.
bool kv_put(WriteTxn& txn, KvTable table, std::string_view key, std::string_view value);
bool kv_erase(WriteTxn& txn, KvTable table, std::string_view key);
std::optional<std::string> kv_get(WriteTxn& txn, KvTable table, std::string_view key);

}  // namespace pharos::storage
