#include "app/told_members.h"

#include <algorithm>
#include <string>

#include "storage/kv_table.h"
#include "storage/txn.h"
#include "util/bytes.h"

namespace pharos::app {
namespace {

using storage::KvTable;

const std::string kPrefix = "member_list/told/";

std::string key_of(const PublicKey& key) { return kPrefix + std::string(as_text(key.span())); }

}  // namespace

Result<std::optional<ToldMembers>, storage::StorageFailure> read_told_members(const storage::Store& store) {
  std::optional<ToldMembers> told;
  PHAROS_TRY(const auto txn, store.read());
  storage::kv_scan(txn, store.tables(), KvTable::misc, kPrefix, kPrefix, [&](std::string_view entry, std::string_view) {
    if (!told) told.emplace();
    if (const auto key = PublicKey::from_bytes(as_bytes(entry.substr(kPrefix.size())))) told->insert(*key);
    return true;
  });
  return told;
}

bool begin_told_members(storage::WriteTxn& txn, const ToldMembers& members) {
  return kv_put(txn, KvTable::misc, kPrefix, "") &&
         std::ranges::all_of(members, [&](const PublicKey& key) { return write_told_member(txn, key, true); });
}

bool write_told_member(storage::WriteTxn& txn, const PublicKey& key, bool is_member) {
  return is_member ? kv_put(txn, KvTable::misc, key_of(key), "") : kv_erase(txn, KvTable::misc, key_of(key));
}

}  // namespace pharos::app
