// The notice of retention over restarts, in KvTable::misc:
//
//   "retention/notice"    RetentionNotice::encode()
//
// Reading on any thread.
#pragma once

#include <string_view>

#include "storage/retention_keeper.h"
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

// For a program that takes events in while no instance runs, as that one's start would: what is new waits from now on,
// where the store can be written as by an instance. The rules in force.
Result<RetentionRules, StorageFailure> take_retention(Store& store, const RetentionOptions& options, UnixSeconds now);

}  // namespace pharos::storage
