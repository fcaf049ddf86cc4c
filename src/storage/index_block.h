// A run of an index's postings in one value of its table, coded as differences.
//
//   block     u16 count, (u16 offset)*, group*    offsets of all groups but the first, from the first group's start
//   group     16 postings, fewer in the last one; the first whole, each other as what it differs from the one before
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
#include <vector>

#include "storage/candidate.h"

namespace pharos::storage {

enum class PostingShape : std::uint8_t {
  placed,  // in the order of answers within a key
  bare,    // sequence numbers only; created_at and tie are 0
};

// With LMDB's page header a whole page of 4,096 bytes.
inline constexpr std::size_t kMaxBlockBytes = 4096 - 16;

class IndexBlockBuilder {
 public:
  explicit IndexBlockBuilder(PostingShape shape) : shape_(shape) {}

  // Postings in their order. False, and nothing is added, when the block would have more than `most` bytes.
  bool add(const Posting& posting, std::size_t most = kMaxBlockBytes);
  std::size_t size() const;
  bool empty() const { return count_ == 0; }
  const Posting& last() const { return last_; }

  // Replaces out and begins anew.
  void finish(std::string& out);

 private:
  const PostingShape shape_;
  std::size_t count_ = 0;
  Posting last_;
  std::vector<std::uint16_t> offsets_;
  std::string groups_;
};

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

  std::size_t count() const { return count_; }
  // True when the bytes broke the grammar, as far as they were read.
  bool malformed() const { return malformed_; }

 private:
  bool enter(std::size_t group);
  bool decode_whole();
  bool decode_other();
  bool take_tie();
  bool take(std::uint64_t& number);
  bool break_off();

  PostingShape shape_ = PostingShape::placed;
  bool malformed_ = false;
  std::size_t count_ = 0;
  std::size_t next_ = 0;  // the number of the posting that next() goes to
  std::span<const std::uint8_t> offsets_;
  std::span<const std::uint8_t> groups_;
  const std::uint8_t* at_ = nullptr;
  Posting now_;
};

}  // namespace pharos::storage
