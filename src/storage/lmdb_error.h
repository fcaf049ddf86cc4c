// LMDB's return codes as StorageFailures.
#pragma once

#include <string_view>

#include "storage/error.h"

namespace pharos::storage {

// code is not MDB_SUCCESS. what names the operation and what it was done to.
StorageFailure lmdb_failure(int code, std::string_view what);

}  // namespace pharos::storage
