// Writing an index: a sorted batch of changes into its blocks. Merger's thread.
#pragma once

#include <span>

#include "storage/index_table.h"

namespace pharos::storage {

struct PostingChange {
  Posting posting;
  bool erased = false;  // else it is added
};

// Changes in the order of postings, one a posting. What is added already, or erased and not there, stays as it is.
// False when the transaction has failed.
//
// Blocks that are changed side by side are cut anew as one run, to nearly full ones: where a batch touches most of an
// index the index stays dense, and where it touches a block here and there that one is split in halves.
bool merge_postings(WriteTxn& txn, Table index, std::span<const PostingChange> changes);

}  // namespace pharos::storage
