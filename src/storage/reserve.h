// The room of the map that is kept free. Pure; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "storage/store.h"

namespace pharos::storage {

// Of the map: the most that a memtable takes of a small one, and the least that is kept of a large one.
inline constexpr std::uint64_t kParts = 32;

inline std::size_t memtable_bytes(const StoreOptions& options) {
  return std::min<std::size_t>(options.memtable_bytes, options.map_size_bytes / kParts);
}

// What is logged already must find room in LMDB, and so must what makes room there: erasures, which write pages anew
// before they free any.
inline std::uint64_t reserve_bytes(const StoreOptions& options) {
  return std::max<std::uint64_t>(options.map_size_bytes / kParts, 8 * memtable_bytes(options));
}

}  // namespace pharos::storage
