// The write-ahead log: every commit as one frame, synced before it is acknowledged, read back at start.
//
// A log is one file, <directory>/<generation, 16 hex digits>.wal, and holds what one memtable holds; it is removed once
// LMDB has it. Numbers are in the machine's byte order, as in LMDB's file.
//
//   file     header frame* zeros
//   header   "PHAROSW1" u64 generation, u64 before, u64 hash         the memtable's; XXH3-64 of the 24 bytes before it
//   frame    u32 size, u32 0, u64 hash, size bytes                   XXH3-64 of the bytes, seeded with generation ^
//   offset bytes    operation* operation
//     1      u64 seq, u32 size, record                               an event is stored
//     2      u64 seq, u64 by                                         an event is erased by the commit `by`
//     3      u8 size, key, u8 size, value                            a tombstone is set (keys.h)
//
// What follows the last whole frame was never acknowledged, writing it was cut short, unless a whole frame stands
// behind it or the header is wrong: then the file is damaged. (Or, with Durability::os, a power cut took a frame and
// left the next one.) Nothing behind the damage is read, since what it says may rest on what is missing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/error.h"
#include "storage/files.h"
#include "storage/memtable.h"
#include "storage/store.h"
#include "util/result.h"

namespace pharos::storage {

// The operations of one commit, encoded. One thread.
class WalBatch {
 public:
  enum class Keep { bytes, size };  // size: there is no log, and bytes() is not asked for

  explicit WalBatch(Keep keep = Keep::bytes) : keep_(keep) {}

  void store(Seq seq, std::string_view record);
  void erase(Seq seq, Seq by);
  void tombstone(const TombstoneKey& key, std::string_view value);
  void clear();
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::string_view bytes() const { return bytes_; }

 private:
  template <class Number>
  void add_number(Number number);
  void add_bytes(std::string_view bytes);

  const Keep keep_;
  std::size_t size_ = 0;
  std::string bytes_;
};

// Writes one log. One thread at a time.
class Wal {
 public:
  static Result<std::unique_ptr<Wal>, StorageFailure> create(Files& files, const std::filesystem::path& directory,
                                                             std::uint64_t generation, Seq before);

  // Durable when it returns, with sync. After a failure the batch may or may not be found by a later read_wal(); the
  // next one takes its place.
  Result<void, StorageFailure> append(const WalBatch& batch, bool sync);
  // What was appended without.
  Result<void, StorageFailure> sync() { return file_->sync(); }
  std::uint64_t bytes() const { return end_; }

 private:
  Wal(std::unique_ptr<File> file, std::uint64_t generation) : file_(std::move(file)), generation_(generation) {}

  std::unique_ptr<File> file_;
  const std::uint64_t generation_;
  std::uint64_t end_ = 0;
  std::uint64_t reserved_ = 0;
  std::string frame_;  // reused
};

std::filesystem::path wal_path(const std::filesystem::path& directory, std::uint64_t generation);

// The generations that have a file, ascending. cannot_create or permission when the directory cannot be read.
Result<std::vector<std::uint64_t>, StorageFailure> list_wals(const std::filesystem::path& directory);

// What is not read of a log: all from `offset` on, without the zeros at its end.
struct WalRest {
  enum class Kind : std::uint8_t { nothing, unfinished, damaged };
  Kind kind = Kind::nothing;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct WalContent {
  std::unique_ptr<Memtable> memtable;  // nullptr where there is nothing to read
  WalRest rest;
};

// corrupt where the operations of a whole frame do not follow the grammar or a record does not verify. Beside a writer
// the rest may be taken for damaged: what is read last is newer than what is read first.
Result<WalContent, StorageFailure> read_wal(Files& files, const std::filesystem::path& directory,
                                            std::uint64_t generation, const IndexRules& rules);

}  // namespace pharos::storage
