// One LMDB environment: directory, lock against a second writer, map, tables, schema version.
//
//   <directory>/data.mdb     the database, or data-<n>.mdb once it was compacted (data_files.h)
//   <directory>/lock.mdb     LMDB's reader table and writer mutex, or data-<n>.mdb-lock
//   <directory>/pharos.lock  held with flock() by the process that writes
//
// One Env a database and process (LMDB's rule). Owned by the Store or by a command line tool; outlives its
// transactions. Any thread.
//
// After replace() transactions begin on another file of the same content. One that was begun before goes on reading the
// old file, whose room is given back with the last of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/error.h"
#include "storage/event_block_cache.h"
#include "storage/tables.h"
#include "storage/txn.h"
#include "util/result.h"
#include "util/sync.h"

struct MDB_env;

namespace pharos::storage {

struct Standing;

struct EnvOptions {
  std::filesystem::path directory;
  std::uint64_t map_size_bytes = std::uint64_t{1} << 40;  // address space, not disk; halved while the system refuses it
  std::size_t max_readers = 512;
  bool sync_to_disk = true;      // false: a power cut may take the whole database; for what can be made again
  bool read_only = false;        // beside a running writer; the database must exist
  std::vector<Kind> searched{};  // kinds of the index by word, sorted; empty: none. When read only, what there is
  std::size_t unpacked_bytes = std::size_t{16} << 20U;  // of compressed blocks, kept unpacked
};

class Env {
 public:
  // Makes the directory and the tables where they are missing and brings an older schema up to date. cannot_create
  // also where a file stands beside the database that is none of those that a compaction leaves.
  // cannot_create, permission, locked, newer_schema, corrupt or io; the detail names the path.
  static Result<std::unique_ptr<Env>, StorageFailure> open(const EnvOptions& options);
  ~Env();
  Env(const Env&) = delete;
  Env& operator=(const Env&) = delete;

  Result<ReadTxn, StorageFailure> read() const { return ReadTxn::begin(current()); }
  Result<WriteTxn, StorageFailure> write() { return WriteTxn::begin(current().get(), tables_); }

  // Frees what readers hold back whose processes have died: while they seem to read, no page they saw is used again.
  void clear_dead_readers();

  const Tables& tables() const { return tables_; }
  const std::filesystem::path& directory() const { return directory_; }
  bool read_only() const { return read_only_; }
  // Of the map, which is smaller than was asked for where the system refused that.
  std::uint64_t map_bytes() const;
  // What transactions that begin now read.
  std::shared_ptr<MDB_env> current() const;

  // The number of the file in use.
  std::uint64_t number() const;
  // Whether no other process has replaced it.
  bool is_newest() const;
  // To the file of that number, which holds the same. No write transaction is open, and none begins meanwhile.
  Result<void, StorageFailure> replace(std::uint64_t number);

 private:
  Env() = default;
  Result<void, StorageFailure> lock_for_writing();
  Result<std::shared_ptr<MDB_env>, StorageFailure> open_map(std::uint64_t number, bool read_only) const;
  Result<void, StorageFailure> open_newest();
  // What a compaction left that was cut off before it had removed the old file; nothing was written to that since.
  // Another one is a backup that somebody wants to start from: it stays, and so does everything else.
  Result<void, StorageFailure> remove_left_over();
  Result<Standing, StorageFailure> standing_of(std::shared_ptr<MDB_env> env) const;
  Result<void, StorageFailure> open_tables();
  Result<void, StorageFailure> open_tables(MDB_env& env, std::span<const TableSpec> specs, Tables& into) const;

  std::filesystem::path directory_;
  EnvOptions options_;
  bool read_only_ = false;
  int lock_file_ = -1;
  std::unique_ptr<EventBlockCache> unpacked_;
  Tables tables_;

  mutable Mutex mutex_;
  std::shared_ptr<MDB_env> env_ PHAROS_GUARDED_BY(mutex_);
  std::uint64_t number_ PHAROS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pharos::storage
