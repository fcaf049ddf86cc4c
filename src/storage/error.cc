#include "storage/error.h"

namespace pharos::storage {

std::string_view describe(StorageError error) {
  switch (error) {
    case StorageError::cannot_create:
      return "the database cannot be created or opened";
    case StorageError::permission:
      return "permission denied";
    case StorageError::locked:
      return "another process writes to this database";
    case StorageError::newer_schema:
      return "the database was written by a newer version";
    case StorageError::corrupt:
      return "the database is damaged";
    case StorageError::map_full:
      return "the database has reached its map size";
    case StorageError::disk_full:
      return "the disk is full";
    case StorageError::readers_full:
      return "all reader slots are taken";
    case StorageError::io:
      return "reading or writing the database failed";
  }
  return "unknown storage error";
}

}  // namespace pharos::storage
