// Many consecutive events in one value of LMDB.
//
//   block    = u64 first, u64 stamp, u16 kind, u16 count, u32 body_bytes, body        native (little-endian)
//   body     = offset[count + 1], zeros to a multiple of 8, records
//   offset   = u32, from where the records begin; the record of first + i ends where that of first + i + 1 begins and
//              is empty when that number has no event
//
// kind 0: the body as it is. kind 1: one zstd frame of it, body_bytes being its size unpacked, and zeros to a multiple
// of
// 8. Where keys are 8 bytes and values multiples of 8 LMDB aligns values to 8, and the parts of a block are multiples
// of 8, so plain records lie aligned.
//
// Blocks are untrusted: reading stays inside their bounds whatever they hold. What records hold is verify_record()'s.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/store.h"

namespace pharos::storage {

enum class BlockKind : std::uint16_t { plain = 0, zstd = 1 };

inline constexpr std::size_t kBlockHeaderBytes = 24;
// Larger bodies are never compressed, so that a damaged length does not ask for more memory than this.
inline constexpr std::size_t kMaxCompressedBody = std::size_t{1} << 20;

struct BlockHead {
  Seq first = 0;
  std::uint64_t stamp = 0;  // given by the writer; another one whenever the block changes
  BlockKind kind = BlockKind::plain;
  std::uint16_t count = 0;  // of numbers from first on, at least 1
  std::uint32_t body_bytes = 0;

  Seq last() const { return first + count - 1; }
};

// nullopt when the value is no block.
std::optional<BlockHead> read_block_head(std::string_view value);

// A body that was unpacked. Immutable once made; any thread.
class BlockBody {
 public:
  // nullptr when the value is not a whole block of kind zstd.
  static std::shared_ptr<const BlockBody> unpack(std::string_view value);

  std::span<const std::uint8_t> bytes() const { return {reinterpret_cast<const std::uint8_t*>(words_.get()), size_}; }

 private:
  explicit BlockBody(std::size_t size);

  std::unique_ptr<std::uint64_t[]> words_;  // for the alignment
  std::size_t size_;
};

// The records of one block. Valid as long as what it was made of; any thread.
class EventBlockReader {
 public:
  // nullopt when the value is no block of kind plain.
  static std::optional<EventBlockReader> parse(std::string_view value);
  // The body of the block with this head; nullopt when they do not go together.
  static std::optional<EventBlockReader> parse(const BlockHead& head, std::span<const std::uint8_t> body);

  const BlockHead& head() const { return head_; }
  // nullopt where the number has no event, or a place outside the block.
  std::optional<std::span<const std::uint8_t>> record(Seq seq) const;
  // Hints that record(seq) will be asked for.
  void prefetch_place(Seq seq) const {
    if (seq >= head_.first && seq <= head_.last()) __builtin_prefetch(body_.data() + 4 * (seq - head_.first));
  }
  // The first number at or after seq that record() has.
  std::optional<Seq> at_or_after(Seq seq) const;

  // True when every part is where the grammar says and nothing is left over; for `db check`.
  bool verify() const;

 private:
  EventBlockReader(const BlockHead& head, std::span<const std::uint8_t> body);
  std::uint32_t offset(std::size_t i) const;

  BlockHead head_;
  std::span<const std::uint8_t> body_;
  std::span<const std::uint8_t> records_;
};

// How many bytes of a body of count numbers lie before its records.
constexpr std::size_t block_index_bytes(std::size_t count) { return (4 * (count + 1) + 7) / 8 * 8; }

}  // namespace pharos::storage
