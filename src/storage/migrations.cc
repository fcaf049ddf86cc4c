#include "storage/migrations.h"

#include <array>
#include <string>

#include <lmdb.h>

#include "storage/lmdb_error.h"
#include "storage/meta.h"
#include "util/log.h"
#include "util/random.h"

namespace pharos::storage {
namespace {

StorageFailure newer(std::uint32_t found, std::uint32_t known) {
  return {StorageError::newer_schema, "the database has schema version " + std::to_string(found) +
                                          ", this program knows up to " + std::to_string(known)};
}

// Opens a table inside txn, which makes it where it is missing; the handle outlives the transaction when it commits.
Result<void, StorageFailure> create_table(WriteTxn& txn, Tables& tables, const TableSpec& table) {
  Dbi& handle = tables.handles[static_cast<std::size_t>(table.table)];
  const int code = mdb_dbi_open(txn.handle(), table.name, lmdb_flags(table.shape) | MDB_CREATE, &handle);
  if (code != 0) return failure(lmdb_failure(code, std::string("creating table ") + table.name));
  return success();
}

// The version found, or `target` for a database that had none and now has.
Result<std::uint32_t, StorageFailure> create_tables(MDB_env* env, Tables& tables, std::uint32_t target) {
  PHAROS_TRY(auto txn, WriteTxn::begin(env, tables));
  // The version comes first: nothing is made in a database that a newer program wrote.
  PHAROS_TRYV(create_table(txn, tables, spec(Table::meta)));
  const std::optional<std::uint32_t> found = read_schema_version(txn, tables);
  if (found && *found > target) return failure(newer(*found, target));
  if (!found && Cursor(txn, tables[Table::meta]).first()) {
    return failure(StorageFailure{StorageError::corrupt, "table meta has no schema version"});
  }
  for (const TableSpec& table : kTableSpecs) {
    PHAROS_TRYV(create_table(txn, tables, table));
  }
  if (!found) {
    SipKey key;
    SystemRandom().fill(key);
    write_hash_key(txn, key);
    write_schema_version(txn, target);
  }
  PHAROS_TRYV(txn.commit());
  return found.value_or(target);
}

// The young levels begin empty.
Result<void, StorageFailure> add_young_levels(WriteTxn&) { return success(); }

constexpr std::array kMigrations{Migration{1, "indexes get young levels", add_young_levels}};
static_assert(kMigrations.back().from + 1 == kSchemaVersion);

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

Result<void, StorageFailure> prepare_schema(MDB_env* env, std::span<const Migration> steps, std::uint32_t target) {
  Tables tables;
  PHAROS_TRY(std::uint32_t version, create_tables(env, tables, target));
  for (const Migration& step : steps) {
    if (step.from != version) continue;
    log::info("storage", "migrating the database", {{"from", version}, {"to", version + 1}, {"what", step.what}});
    PHAROS_TRY(auto txn, WriteTxn::begin(env, tables));
    PHAROS_TRYV(step.run(txn));
    write_schema_version(txn, version + 1);
    PHAROS_TRYV(txn.commit());
    ++version;
  }
  if (version == target) return success();
  return failure(
      StorageFailure{StorageError::corrupt, "no migration leads on from schema version " + std::to_string(version)});
}

Result<SipKey, StorageFailure> check_meta(const ReadTxn& txn, const Tables& tables) {
  const std::optional<std::uint32_t> version = read_schema_version(txn, tables);
  const std::optional<SipKey> key = read_hash_key(txn, tables);
  if (!version || !key) return failure(StorageFailure{StorageError::corrupt, "table meta lacks version or hash key"});
  if (*version > kSchemaVersion) return failure(newer(*version, kSchemaVersion));
  if (*version < kSchemaVersion) {
    return failure(StorageFailure{StorageError::corrupt, "the database has the older schema version " +
                                                             std::to_string(*version) +
                                                             "; start the relay once to bring it up to date"});
  }
  return *key;
}

}  // namespace pharos::storage
