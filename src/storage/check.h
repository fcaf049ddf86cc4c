// Walks every table of a database against every other and reports each contradiction: `pharos db check`.
//
// One read transaction from beginning to end, since only one moment can be consistent; beside a running writer it keeps
// pages from being reused for as long as it takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/snapshot.h"
#include "storage/tables.h"
#include "storage/txn.h"

namespace pharos::storage {

enum class Contradiction : std::uint8_t {
  bad_record,          // the bytes of a record do not verify, or are not what its event is written as
  bad_block,           // a block that breaks its grammar, is out of order or under another key
  wrong_count,         // meta's number of events
  wrong_id,            // the id is not the hash of the event
  wrong_signature,     // only with CheckOptions::signatures
  ephemeral_stored,    // a kind that is never stored (NIP-01)
  seq_beyond_last,     // a record above meta's last_seq
  missing_entry,       // a record lacks one of its index entries
  stray_entry,         // an index entry without a record that has it
  duplicate_id,        // two records of one id
  duplicate_address,   // two versions of one replaceable or addressable event
  deleted_but_stored,  // a tombstone forbids the event (NIP-09)
  missing_tombstone,   // a stored deletion request lacks that of one of its targets, or a request to vanish its own
  wrong_digest,        // a document is not what its key is the hash of
  bad_key,             // a key or value that no grammar reads
};
inline constexpr std::size_t kContradictionCount = static_cast<std::size_t>(Contradiction::bad_key) + 1;
const char* describe(Contradiction contradiction);

struct CheckOptions {
  bool signatures = false;
  std::size_t max_listed = 100;  // findings in words; beyond them only the counts go on
};

struct CheckReport {
  std::uint64_t events = 0;
  std::uint64_t logged_events = 0;  // not merged yet
  std::uint64_t index_entries = 0;
  std::uint64_t tombstones = 0;
  std::uint64_t vanishing = 0;      // forbidden by a request to vanish (NIP-62) and to be erased at the next start
  std::uint64_t other_entries = 0;  // of the tables kv_*
  std::array<std::uint64_t, kContradictionCount> counts{};
  std::vector<std::string> findings;  // "by_kind: stray entry, seq 17"

  std::uint64_t total() const;
};

// progress is called now and then with records done and records in all; it may be empty. corrupt, io and the like when
// LMDB itself fails.
Result<CheckReport, StorageFailure> check_database(const ReadTxn& txn, const Tables& tables,
                                                   const CheckOptions& options,
                                                   const std::function<void(std::uint64_t, std::uint64_t)>& progress);

// The same of LMDB's part of the snapshot, and of each event that lies in a log by itself.
Result<CheckReport, StorageFailure> check_database(const Snapshot& snapshot, const CheckOptions& options,
                                                   const std::function<void(std::uint64_t, std::uint64_t)>& progress);

}  // namespace pharos::storage
