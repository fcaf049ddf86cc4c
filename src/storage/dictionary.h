// The dictionary: strings of 32 bytes (ids, public keys) that many tags name, each with a number for good. Records in
// LMDB refer to them by number (packed_tags.h). This is its reading side without a source; dictionary_table.h reads and
// writes the table.
//
// One thread; what an entry points to lives as long as the source says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pharos::storage {

using EntryNumber = std::uint32_t;

inline constexpr std::size_t kEntryBytes = 32;
using EntryBytes = std::span<const std::uint8_t, kEntryBytes>;

// Entries lie back to back in chunks, all but the last of them full. With LMDB's page header a full chunk fills 16
// pages.
inline constexpr std::size_t kPageHeaderBytes = 16;
inline constexpr std::size_t kChunkEntries = (std::size_t{16} * 4096 - kPageHeaderBytes) / kEntryBytes;
static_assert(kChunkEntries == 2047);

class Dictionary {
 public:
  Dictionary() = default;
  virtual ~Dictionary() = default;
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  // kEntryBytes of them, or none when there is no such entry. A few nanoseconds after the first of its chunk.
  std::span<const std::uint8_t> entry(EntryNumber number) const {
    const std::size_t chunk = number / kChunkEntries;
    const std::size_t at = number % kChunkEntries * kEntryBytes;
    const std::span<const std::uint8_t> held =
        chunk < chunks_.size() ? chunks_[chunk] : std::span<const std::uint8_t>();
    if (at + kEntryBytes <= held.size()) return held.subspan(at, kEntryBytes);
    return entry_of_new_chunk(chunk, at);
  }

 private:
  // The whole of a chunk, empty where there is none; asked for once for each that is there.
  virtual std::span<const std::uint8_t> load_chunk(std::size_t chunk) const = 0;
  // How many chunks there are: bounds what numbers out of range make us keep.
  virtual std::size_t count_chunks() const = 0;
  // An entry was asked for that is not there.
  virtual void note_missing() const {}

  std::span<const std::uint8_t> entry_of_new_chunk(std::size_t chunk, std::size_t at) const;

  mutable std::vector<std::span<const std::uint8_t>> chunks_;
};

}  // namespace pharos::storage
