// A run of an index's postings in one value of its table, coded as differences.
//
//   block     u16 groups, (u16 offset)*, group*   offsets of all groups but the first, from the first group's start
//   group     u8 count, whole, other*             count postings; a group stands for itself, so blocks are cut and put
//                                                 together anew without a look inside most of their groups
//   whole     varint(key), [varint(created_at), tie,] varint(seq)
//   other     varint(key's difference), [the same key: varint(created_at's fall); another: zigzag(created_at's rise),
//             tie,] zigzag(seq's rise)
//   tie       3 bytes, big-endian;  u16 little-endian;  varint as in packed_tags.h, up to 10 bytes
//
// What is in brackets is absent where an index needs no order within a key (PostingShape::bare).
//
// Against LMDB's sorted duplicates of 22 bytes an entry took 34 bytes of the file, page headers and slack included, in
// the benchmark's corpus; it takes 9 to 15 here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/candidate.h"

namespace pharos::storage {

enum class PostingShape : std::uint8_t {
  placed,  // in the order of answers within a key
  bare,    // sequence numbers only; created_at and tie are 0
};

// With LMDB's page header a whole page of 4,096 bytes.
inline constexpr std::size_t kMaxBlockBytes = 4096 - 16;
// What a seek decodes at most, about.
inline constexpr std::size_t kGroupPostings = 16;
inline constexpr std::size_t kMaxGroupPostings = 24;

// Appends one group; postings are in order, at most kMaxGroupPostings.
void append_group(PostingShape shape, std::span<const Posting> postings, std::string& out);

// Of a block of so many groups, at least one, that have so many bytes together.
constexpr std::size_t block_bytes(std::size_t groups, std::size_t bytes) { return 2 + 2 * (groups - 1) + bytes; }

// Replaces out by the block of these groups, which lie back to back; block_bytes() is at most kMaxBlockBytes.
void make_block(std::span<const std::uint16_t> group_sizes, std::string_view groups, std::string& out);

// Reads one block. The bytes may be any: what does not follow the grammar ends it early. Valid while they are.
class IndexBlockReader {
 public:
  IndexBlockReader() = default;
  IndexBlockReader(PostingShape shape, std::span<const std::uint8_t> bytes);

  // To the next posting; the first time, to the first.
  bool next();
  // To the first posting that is `at` or comes after it.
  bool seek(const Posting& at);
  // Where the last successful move went.
  const Posting& posting() const { return now_; }

  std::size_t groups() const { return group_count_; }
  // group < groups(). To its first posting.
  bool enter(std::size_t group);
  // The group as it lies there.
  std::string_view group_bytes(std::size_t group) const;
  // Replaces out by its postings.
  bool read_group(std::size_t group, std::vector<Posting>& out);

  // True when the bytes broke the grammar, as far as they were read.
  bool malformed() const { return malformed_; }

 private:
  std::size_t begin_of(std::size_t group) const;
  bool decode_whole();
  bool decode_other();
  bool take_tie();
  bool take(std::uint64_t& number);
  bool break_off();

  PostingShape shape_ = PostingShape::placed;
  bool malformed_ = false;
  std::uint8_t left_ = 0;  // postings of the group that follow
  std::size_t group_count_ = 0;
  std::size_t next_group_ = 0;
  std::span<const std::uint8_t> offsets_;
  std::span<const std::uint8_t> groups_;
  const std::uint8_t* at_ = nullptr;
  Posting now_;
};

}  // namespace pharos::storage
