// A copy of a database while another process writes it: `pharos backup`.
//
// LMDB's file and the logs are two things that change under our hands; this order makes one database of them:
//
//   1. The copy of LMDB begins: one moment, with the generations up to M merged.
//   2. The logs above M are opened. A merge that ended meanwhile has moved on what "merged" says and may have removed a
//      log that the copy lacks, a compaction has put another file in its place: then begin again. From here an open log
//      stays readable, removed or not.
//   3. LMDB's pages are written out, then the logs as they are by then.
//
// So the logs are as of a later moment than LMDB, never an earlier one, and are all there from M on. What was
// acknowledged before the command began lies in LMDB's copy or in a log that was opened: nothing of it is missing. A
// log that is being appended to ends, as after a crash, with the last frame that is whole; generations that begin later
// are left out: the copy is a prefix of what was committed. The other order, logs first, would keep in LMDB's copy
// notes of the upper layers (a ledger that says "complete") about events whose log it lacks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "storage/env.h"
#include "storage/files.h"
#include "util/result.h"

namespace pharos::storage {

struct BackupOptions {
  EnvOptions source;
  std::filesystem::path destination;  // an empty directory or none; its parent exists
  bool with_identity = true;          // identity.key too, where it lies in the source's directory
  Files* files = nullptr;             // nullptr: the file system's
};

struct BackupReport {
  std::uint64_t bytes = 0;
  std::uint64_t logs = 0;
  bool identity = false;  // it was there and is copied
};

// Called with the bytes that are written, and about how many there will be.
using BackupProgress = std::function<void(std::uint64_t, std::uint64_t)>;

// Files of mode 0600 in a directory of mode 0700, all of it durable; called <destination>.part until then, and removed
// on failure. A destination is a directory for storage.directory at once.
Result<BackupReport, StorageFailure> back_up(const BackupOptions& options, const BackupProgress& progress);

}  // namespace pharos::storage
