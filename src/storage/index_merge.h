// Writing an index: a sorted batch of changes into the blocks of a level. Merger's thread.
#pragma once

#include <cstddef>
#include <span>

#include "storage/index_levels.h"

namespace pharos::storage {

// Changes in the order of postings, one a posting. In one level what is added already, or erased and not there, stays
// as it is. For an index with two levels, whose old one is not looked at, what is added is in neither of them and what
// is erased is in one: a number is never given again, and a memtable is merged once.
//
// Blocks that are changed side by side are cut anew as one run, to nearly full ones: where a batch touches most of an
// index the index stays dense, and where it touches a block here and there that one is split in halves.
//
// Into the young level, where the index has one; otherwise into the only one. False when the transaction has failed.
bool merge_postings(WriteTxn& txn, Table index, std::span<const PostingChange> changes);

// Into the old level. Returns how many blocks were written; the transaction may have failed.
std::size_t merge_into_old_level(WriteTxn& txn, Table index, std::span<const PostingChange> changes);

}  // namespace pharos::storage
