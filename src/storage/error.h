// What can go wrong in storage, with enough text to act on.
#pragma once

#include <string>
#include <string_view>

namespace pharos::storage {

enum class StorageError {
  cannot_create,  // directory or file cannot be made or opened
  permission,
  locked,        // another writer has it
  newer_schema,  // written by a newer Pharos
  corrupt,       // a table contradicts another, or a record does not verify
  map_full,
  disk_full,
  readers_full,
  io,
};

struct StorageFailure {
  StorageError error = StorageError::io;
  std::string detail;  // names the path, table and LMDB's own message
};

std::string_view describe(StorageError error);

}  // namespace pharos::storage
