// How access lists and their audit lie in the table `access`:
//
//   list number, 1 byte; key of the entry       value of the entry               ingest/access_lists.h
//   0xA0; number of the audit entry, 8 bytes    time NUL actor NUL action NUL subject NUL reason
//
// Numbers are big endian and begin at 1, times decimal unix seconds. Reading on any thread, writing inside
// Store::submit_update().
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "ingest/access_lists.h"
#include "storage/store.h"
#include "util/clock.h"
#include "util/result.h"

namespace pharos::ingest {

// One change that was kept.
struct AuditEntry {
  std::uint64_t number = 0;
  UnixSeconds time = 0;
  std::string actor;   // a public key in hex, or "operator"
  std::string action;  // name(AccessAction)
  std::string subject;
  std::string reason;

  friend bool operator==(const AuditEntry&, const AuditEntry&) = default;
};
inline constexpr std::size_t kMaxAuditEntries = 1'000;  // older ones go

struct StoredAccess {
  AccessLists lists;
  std::deque<AuditEntry> audit;  // oldest first
};

// What is no entry is left out and logged.
Result<StoredAccess, storage::StorageFailure> read_access(const storage::Store& store);

// The entries and the audit entry, which pushes one out that is kMaxAuditEntries older. False on a storage error.
bool write_access(storage::WriteTxn& txn, const std::vector<AccessEntry>& entries, const AuditEntry& audit);

}  // namespace pharos::ingest
