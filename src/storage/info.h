// Figures of a database: `pharos db info` and the lmdb_* gauges.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "storage/event_block_cache.h"
#include "storage/snapshot.h"
#include "storage/tables.h"
#include "storage/txn.h"
#include "storage/word_index.h"

namespace pharos::storage {

struct TableInfo {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // of its pages
};

struct DatabaseInfo {
  std::uint64_t map_size_bytes = 0;
  std::uint64_t used_bytes = 0;       // the high-water mark of the file
  std::uint64_t free_page_bytes = 0;  // inside it, to be reused
  std::uint64_t readers = 0;          // slots in use, of all processes
  std::uint64_t max_readers = 0;
  EventBlockCache::Usage unpacked;  // of this process
  std::uint64_t events = 0;
  std::uint64_t last_seq = 0;
  std::uint32_t schema_version = 0;
  std::optional<WordIndexState> words;  // nullopt: no index by word
  std::array<TableInfo, kTableCount> tables{};
};

// Reads statistics only; milliseconds at any size, except that the free list is walked. Of what LMDB holds.
DatabaseInfo read_info(const ReadTxn& txn, const Tables& tables);

// What can still be written into the map: behind the end of the file, and the pages that are free inside it, which are
// counted only where that end is nearer than `enough`.
std::uint64_t room_bytes(const ReadTxn& txn, std::uint64_t enough);

// How many events lie in the logs of the snapshot, not merged yet.
std::uint64_t logged_events(const Snapshot& snapshot);

}  // namespace pharos::storage
