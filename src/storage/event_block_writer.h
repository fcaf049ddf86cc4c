// Makes event blocks (event_block.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/block_compression.h"
#include "storage/event_block.h"

namespace pharos::storage {

struct BlockProfile {
  // Of a block before compression. LMDB's page header and a plain block of the first size take 4 pages to the byte, one
  // of the second 16.
  static constexpr std::size_t kPlainBytes = std::size_t{4} * 4096 - 16;
  static constexpr std::size_t kArchiveBytes = std::size_t{16} * 4096 - 16;

  std::size_t block_bytes = kPlainBytes;
  int zstd_level = 0;  // 0: none
};

// Of blocks that are as compressed as the level says; a larger block packs better and takes longer to read from.
constexpr BlockProfile block_profile(int zstd_level) {
  return {zstd_level > 0 ? BlockProfile::kArchiveBytes : BlockProfile::kPlainBytes, zstd_level};
}

// Collects the events of one block after the other. One thread.
class EventBlockWriter {
 public:
  explicit EventBlockWriter(const BlockProfile& profile) : profile_(profile) {}

  bool empty() const { return offsets_.empty(); }
  // The last event added; not empty.
  Seq last() const { return first_ + offsets_.size() - 1; }

  // Whether a record of this many bytes may be added to the others. Always true when there are none: a record that is
  // too large for a block gets one of its own. seq is above last().
  bool fits(Seq seq, std::size_t record_bytes) const;
  // The record is a multiple of kRecordAlignment long and fits.
  void add(Seq seq, std::span<const std::uint8_t> record);

  // Replaces out by the block; the writer is empty again. It was not empty. Compression that saves less than a tenth is
  // left out.
  void finish(std::uint64_t stamp, std::string& out);

  // Numbers without an event that a block bridges at most; each takes 4 bytes.
  static constexpr Seq kMaxGap = 64;

 private:
  friend bool rewrite_without(std::string_view, std::span<const Seq>, std::uint64_t, const BlockProfile&, std::string&);
  void extend_to(Seq last);

  BlockProfile profile_;
  BlockCompressor compressor_;
  Seq first_ = 0;
  std::vector<std::uint32_t> offsets_;  // where the record of first_ + i begins
  std::string records_;
};

// Replaces out by the block without these events (ascending); it keeps its last number, by which it is stored, and is
// as compressed as the profile says. out is empty when no event is left. False when the value is no block.
bool rewrite_without(std::string_view value, std::span<const Seq> erased, std::uint64_t stamp,
                     const BlockProfile& profile, std::string& out);

}  // namespace pharos::storage
