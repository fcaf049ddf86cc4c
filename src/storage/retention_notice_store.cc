#include "storage/retention_notice_store.h"

#include "storage/kv_table.h"
#include "storage/txn.h"
#include "util/log.h"

namespace pharos::storage {
namespace {

constexpr std::string_view kKey = "retention/notice";

}  // namespace

Result<KeptNotice, StorageFailure> read_retention_notice(const Store& store) {
  PHAROS_TRY(const auto txn, store.read());
  const auto bytes = kv_get(txn, store.tables(), KvTable::misc, kKey);
  if (!bytes) return KeptNotice{{}, store.last_seq() == 0};
  auto notice = RetentionNotice::decode(*bytes);
  if (!notice) {
    log::warn("storage", "what is known of the retention rules cannot be read: they wait as if they were new");
    return KeptNotice{};
  }
  return KeptNotice{std::move(*notice), false};
}

bool write_retention_notice(WriteTxn& txn, std::string_view encoded) {
  return kv_put(txn, KvTable::misc, kKey, encoded);
}

std::chrono::seconds retention_pause(std::chrono::milliseconds interval) {
  return std::chrono::ceil<std::chrono::seconds>(interval);
}

Result<RetentionRules, StorageFailure> rules_in_force(const Store& store, const RetentionRules& rules,
                                                      std::chrono::milliseconds interval, UnixSeconds now) {
  PHAROS_TRY(auto kept, read_retention_notice(store));
  kept.notice.take(rules, 0, now, kept.is_new ? std::chrono::seconds(0) : retention_pause(interval));
  return kept.notice.rules_in_force(now);
}

}  // namespace pharos::storage
