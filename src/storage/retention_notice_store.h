// The notice of retention over restarts, in KvTable::misc:
//
//   "retention/notice"    RetentionNotice::encode()
//
// Reading on any thread.
#pragma once

#include <string_view>

#include "storage/retention_notice.h"
#include "storage/store.h"
#include "util/result.h"

namespace pharos::storage {

// What was kept; where that is nothing, one that knows of no rule. is_new: nothing was kept and nothing is stored that
// a rule could erase, so that nothing has to wait.
struct KeptNotice {
  RetentionNotice notice;
  bool is_new = false;
};
Result<KeptNotice, StorageFailure> read_retention_notice(const Store& store);

// Inside Store::submit_update(). False on a storage error.
bool write_retention_notice(WriteTxn& txn, std::string_view encoded);

// How long that waits which the settings did not say before: the time between two passes, in whole seconds.
std::chrono::seconds retention_pause(std::chrono::milliseconds interval);

// What is in force now where the settings say that, for a program that is not the running instance.
Result<RetentionRules, StorageFailure> rules_in_force(const Store& store, const RetentionRules& rules,
                                                      std::chrono::milliseconds interval, UnixSeconds now);

}  // namespace pharos::storage
