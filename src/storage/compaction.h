// Puts a copy without unused pages into the place of the database's file; LMDB itself never gives room back.
//
// The copy is written and synced under another name, then named as the newest (data_files.h), then taken into use: a
// crash at any point leaves one whole database under the highest number, and nothing is written between the moment that
// is copied and the new file's use.
#pragma once

#include <functional>

#include "storage/env.h"
#include "storage/files.h"
#include "storage/store.h"

namespace pharos::storage {

// disk_full when the file system has less room than the copy takes.
Result<void, StorageFailure> expect_room_to_compact(const Env& env);

// The one thread that writes to env, outside a transaction. give_up is asked again and again and may end it. On failure
// the database is the one that it was. The old file's room is free with the last transaction that reads it.
Result<Compacted, StorageFailure> compact(Env& env, Files& files, const std::function<bool()>& give_up);

}  // namespace pharos::storage
