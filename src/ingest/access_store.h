// How access lists and their audit lie in the table `access`:
//
//   list number, 1 byte; key of the entry       value of the entry               ingest/access_lists.h
//   0xA0; number of the audit entry, 8 bytes    time NUL actor NUL action NUL subject NUL reason
//   0xA1; number of the request, 8 bytes        the same
//
// Numbers are big endian and begin at 1 in each ring, times decimal unix seconds. Reading on any thread, writing inside
// Store::submit_update().
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "ingest/access_change.h"
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
inline constexpr std::size_t kMaxAuditEntries = 1'000;  // of a ring; older ones go

// Apart, so that whoever joins and leaves pushes nothing out that an administrator did. The numbers are persisted.
enum class AuditRing : std::uint8_t { changes = 0xA0, requests = 0xA1 };
constexpr AuditRing ring_of(AccessAction action) {
  return is_request(action) ? AuditRing::requests : AuditRing::changes;
}

struct AuditTrail {
  std::deque<AuditEntry> changes;  // oldest first, as are the requests
  std::deque<AuditEntry> requests;

  std::deque<AuditEntry>& of(AuditRing ring) { return ring == AuditRing::changes ? changes : requests; }
  const std::deque<AuditEntry>& of(AuditRing ring) const { return ring == AuditRing::changes ? changes : requests; }
};

struct StoredAccess {
  AccessLists lists;
  AuditTrail audit;
};

// What is no entry is left out and logged.
Result<StoredAccess, storage::StorageFailure> read_access(const storage::Store& store);

// The entries and the audit entry, which pushes one out of its ring that is kMaxAuditEntries older. False on a storage
// error.
bool write_access(storage::WriteTxn& txn, const std::vector<AccessEntry>& entries, AuditRing ring,
                  const AuditEntry& audit);

}  // namespace pharos::ingest
