// One LMDB environment: directory, lock against a second writer, map, tables, schema version.
//
//   <directory>/data.mdb     the database
//   <directory>/lock.mdb     LMDB's reader table and writer mutex
//   <directory>/pharos.lock  held with flock() by the process that writes
//
// One Env a database and process (LMDB's rule). Owned by the Store or by a command line tool; outlives its
// transactions. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "storage/error.h"
#include "storage/event_block_cache.h"
#include "storage/tables.h"
#include "storage/txn.h"
#include "util/result.h"

struct MDB_env;

namespace pharos::storage {

struct EnvOptions {
  std::filesystem::path directory;
  std::uint64_t map_size_bytes = std::uint64_t{1} << 40;  // address space, not disk; halved while the system refuses it
  std::size_t max_readers = 512;
  bool sync_to_disk = true;  // false: a power cut may take the whole database; for what can be made again
  bool read_only = false;    // beside a running writer; the database must exist
  std::size_t unpacked_bytes = std::size_t{16} << 20U;  // of compressed blocks, kept unpacked
};

class Env {
 public:
  // Makes the directory and the tables where they are missing and brings an older schema up to date.
  // cannot_create, permission, locked, newer_schema, corrupt or io; the detail names the path.
  static Result<std::unique_ptr<Env>, StorageFailure> open(const EnvOptions& options);
  ~Env();
  Env(const Env&) = delete;
  Env& operator=(const Env&) = delete;

  Result<ReadTxn, StorageFailure> read() const { return ReadTxn::begin(env_); }
  Result<WriteTxn, StorageFailure> write() { return WriteTxn::begin(env_, tables_); }

  // Frees what readers hold back whose processes have died: while they seem to read, no page they saw is used again.
  void clear_dead_readers();

  const Tables& tables() const { return tables_; }
  const std::filesystem::path& directory() const { return directory_; }
  bool read_only() const { return read_only_; }
  MDB_env* handle() const { return env_; }

 private:
  Env() = default;
  Result<void, StorageFailure> lock_for_writing();
  Result<void, StorageFailure> open_map(const EnvOptions& options);
  Result<void, StorageFailure> open_tables();
  Result<void, StorageFailure> open_tables(std::span<const TableSpec> specs);

  std::filesystem::path directory_;
  bool read_only_ = false;
  int lock_file_ = -1;
  MDB_env* env_ = nullptr;
  std::unique_ptr<EventBlockCache> unpacked_;
  Tables tables_;
};

}  // namespace pharos::storage
