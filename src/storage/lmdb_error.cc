#include "storage/lmdb_error.h"

#include <cerrno>
#include <string>

#include <lmdb.h>

namespace pharos::storage {
namespace {

StorageError classify(int code) {
  switch (code) {
    case MDB_MAP_FULL:
      return StorageError::map_full;
    case MDB_READERS_FULL:
      return StorageError::readers_full;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
      return StorageError::corrupt;
    case EACCES:
    case EPERM:
    case EROFS:
      return StorageError::permission;
    case ENOSPC:
    case EDQUOT:
      return StorageError::disk_full;
    case ENOENT:
    case ENOTDIR:
      return StorageError::cannot_create;
    default:
      return StorageError::io;
  }
}

}  // namespace

StorageFailure lmdb_failure(int code, std::string_view what) {
  return {classify(code), std::string(what) + ": " + mdb_strerror(code)};
}

}  // namespace pharos::storage
