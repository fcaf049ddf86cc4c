// One level of an index on disk: its postings in order, in blocks, each under the key of its last posting. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "storage/index_block.h"
#include "storage/tables.h"
#include "storage/txn.h"

namespace pharos::storage {

// Of an index and of its young level.
PostingShape posting_shape(Table index);

// The key of the block that ends with the posting: key, ~created_at, tie (3 bytes), seq (6 bytes), big-endian, without
// created_at and tie where the shape is bare.
class BlockKey {
 public:
  BlockKey(PostingShape shape, const Posting& last);
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 8 + 8 + 3 + 6> bytes_{};
  std::size_t size_ = 0;
};
// nullopt for what is no block's key.
std::optional<Posting> decode_block_key(PostingShape shape, std::string_view key);

// A place in one table. Ends before its transaction does; posting() stays until the next move. A block that does not
// follow its grammar is the end of the table here, and the transaction is damaged() from then on.
class LevelCursor {
 public:
  // One of the index tables.
  LevelCursor(const Txn& txn, const Tables& tables, Table table)
      : shape_(posting_shape(table)), blocks_(txn, tables[table]) {}

  // To the first posting that is `at` or comes after it.
  bool seek(const Posting& at);
  bool first();
  bool next();
  const Posting& posting() const { return block_.posting(); }

  // The last posting of the key; nullopt when it has none. The cursor is to be moved by a seek then.
  std::optional<Posting> last_of(Key key);

 private:
  // Into the block that the cursor of blocks stands at.
  bool enter();
  // Always false.
  bool damaged() const {
    blocks_.txn().note_damage();
    return false;
  }

  const PostingShape shape_;
  Cursor blocks_;
  IndexBlockReader block_;
  bool entered_ = false;
  Posting block_first_;  // of the block that is entered
  Posting block_last_;
};

}  // namespace pharos::storage
