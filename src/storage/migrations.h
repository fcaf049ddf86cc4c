// The schema of a database: its version, how a new one begins, and the ordered steps that bring an old one up to date.
#pragma once

#include <cstdint>
#include <span>

#include "storage/error.h"
#include "storage/tables.h"
#include "storage/txn.h"
#include "util/result.h"

namespace pharos::storage {

// What this program writes. Raised when an older program would misread a key or a record (schema/README.md).
inline constexpr std::uint32_t kSchemaVersion = 2;

// Leads from version `from` to `from` + 1 inside the transaction that also writes the new version.
struct Migration {
  std::uint32_t from;
  const char* what;
  Result<void, StorageFailure> (*run)(WriteTxn& txn);
};

// The steps of this program, ordered, without gaps, ending at kSchemaVersion.
std::span<const Migration> migrations();

// Makes the missing tables, gives a new database its version and hash key, and runs the migrations that an old one
// lacks, each in its own transaction. Before any other use of env, which is open for writing. newer_schema when the
// database's version is above `target`.
Result<void, StorageFailure> prepare_schema(MDB_env* env, std::span<const Migration> steps = migrations(),
                                            std::uint32_t target = kSchemaVersion);

// The hash key of a database of exactly kSchemaVersion; newer_schema or corrupt otherwise.
Result<SipKey, StorageFailure> check_meta(const ReadTxn& txn, const Tables& tables);

}  // namespace pharos::storage
