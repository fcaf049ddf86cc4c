// Which file of a directory is the database. A compaction writes the next one beside the one in use and gives it its
// name when it is whole and durable: the one with the highest number is the database, those below are removed.
//
//   data.mdb               number 0, with lock.mdb
//   data-<n>.mdb           number n, with data-<n>.mdb-lock: two environments of one process may not share a lock file
//   data-<n>.mdb.tmp       not whole yet, or never
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "storage/error.h"
#include "util/result.h"

namespace pharos::storage {

std::filesystem::path data_path(const std::filesystem::path& directory, std::uint64_t number);
std::filesystem::path draft_data_path(const std::filesystem::path& directory, std::uint64_t number);

// nullopt where there is none yet, or no directory.
Result<std::optional<std::uint64_t>, StorageFailure> newest_data(const std::filesystem::path& directory);

// Those below `number`, in no order.
Result<std::vector<std::uint64_t>, StorageFailure> older_data(const std::filesystem::path& directory,
                                                              std::uint64_t number);

// Makes the draft of that number the database, durably; it was synced.
Result<void, StorageFailure> publish_data(const std::filesystem::path& directory, std::uint64_t number);

// Those below `number`, with their locks, and drafts. By the process that writes; what cannot be removed stays. When it
// returns, what was removed does not come back with a power cut.
void remove_older_data(const std::filesystem::path& directory, std::uint64_t number);
// Takes back publish_data(), durably; its draft goes too. On failure a later start may find that file, so nothing may
// be written to the one before it.
Result<void, StorageFailure> retract_data(const std::filesystem::path& directory, std::uint64_t number);

}  // namespace pharos::storage
