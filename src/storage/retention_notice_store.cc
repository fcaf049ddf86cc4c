#include "storage/retention_notice_store.h"

#include <future>

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

Result<RetentionRules, StorageFailure> take_retention(Store& store, const RetentionOptions& options, UnixSeconds now) {
  PHAROS_TRY(auto kept, read_retention_notice(store));
  const std::string before = kept.notice.encode();
  kept.notice.take(*options.rules, options.max_size_bytes, now, kept.is_new ? std::chrono::seconds(0) : options.notice);
  std::string after = kept.notice.encode();
  if (after != before) {
    std::promise<void> written;
    const bool taken = store.submit_update([&](WriteTxn& txn) { return write_retention_notice(txn, after); },
                                           [&](bool) { written.set_value(); });
    if (taken) written.get_future().wait();
  }
  return kept.notice.rules_in_force(now);
}

}  // namespace pharos::storage
