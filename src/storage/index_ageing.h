// Moving what the young levels of indexes gathered into the old ones (index_levels.h). Merger's thread.
#pragma once

#include <cstddef>
#include <functional>

#include "storage/env.h"
#include "storage/index_levels.h"

namespace pharos::storage {

// Takes the next blocks of the young level of an index that has one, those behind the ones that were taken last (meta.h
// knows up to where) and after the last one the first, and applies them to the old level. Ends when `most` blocks were
// taken, or that many of the old level written; the last one taken may have more written, one for each of its postings
// at most. Returns how many were taken or written, whichever are more; 0 when the young level is empty or the
// transaction has failed.
std::size_t age_postings(WriteTxn& txn, Table index, std::size_t most);

// After the merge of a memtable. Has the old level of each index written for as many blocks as its young level has,
// each of which the merge may have written: so the two cost alike whatever the size of the index, and the young level
// grows with its square root. In transactions of a bounded size: what those before a failure did stays. Where one index
// fails the others go on; returns the first failure. Asks give_up between transactions.
Result<void, StorageFailure> age_indexes(Env& env, const std::function<bool()>& give_up);

}  // namespace pharos::storage
