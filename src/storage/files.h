// The files that storage writes besides LMDB's, behind an interface so that tests can lose what was not synced, as a
// power cut does, and run out of room.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "storage/error.h"
#include "util/result.h"

namespace pharos::storage {

// One open file; one thread at a time.
class File {
 public:
  virtual ~File() = default;

  // Takes disk blocks for the first `size` bytes, so that a write inside them finds room; what is new reads as 0.
  virtual Result<void, StorageFailure> reserve(std::uint64_t size) = 0;
  // All of it or a failure, after which any part may have been written.
  virtual Result<void, StorageFailure> write(std::uint64_t offset, std::string_view bytes) = 0;
  // When it returns, what was written is on the disk.
  virtual Result<void, StorageFailure> sync() = 0;
};

// Any thread.
class Files {
 public:
  virtual ~Files() = default;

  // A new file, of mode 0600; one of that name is replaced. Its name is durable with its first sync().
  virtual Result<std::unique_ptr<File>, StorageFailure> create(const std::filesystem::path& path) = 0;
  virtual Result<std::string, StorageFailure> read(const std::filesystem::path& path) = 0;
  // Gives the file a second name, durably, by which it stays when it is removed. False where another file has that
  // name; true also where it is this one.
  virtual Result<bool, StorageFailure> keep(const std::filesystem::path& path, const std::filesystem::path& kept) = 0;
  // No failure when there is none.
  virtual Result<void, StorageFailure> remove(const std::filesystem::path& path) = 0;
};

// The file system's. Failures are disk_full, permission, cannot_create or io; the detail names the path.
Files& system_files();

}  // namespace pharos::storage
