// Moving what the young level of an index gathered into the old one (index_levels.h). Merger's thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "storage/env.h"
#include "storage/index_levels.h"

namespace pharos::storage {

class IndexAgeing {
 public:
  // An index with two levels.
  explicit IndexAgeing(Table index) : index_(index) {}

  Table index() const { return index_; }

  // Takes the next blocks of the young level, those behind the ones that it took last and after the last one the first,
  // and applies them to the old level until that wrote as many blocks as `most`, or a few more. Returns how many it
  // wrote: fewer when the young level was emptied, 0 when the transaction has failed.
  std::size_t step(WriteTxn& txn, std::size_t most);

 private:
  // Into changes_; false when there is nothing to take.
  bool take(WriteTxn& txn);

  const Table index_;
  std::string taken_;  // the key of the last block
  // Reused.
  std::vector<PostingChange> changes_;
  std::vector<std::string> blocks_;
};

// Of all indexes with two levels.
class Ageing {
 public:
  Ageing();

  // After each merge of a memtable. Has the old level of each index written for as many blocks as its young level has,
  // each of which the merge may have written: so the two cost alike whatever the size of the index, and the young level
  // grows with its square root. In transactions of a bounded size; what those before a failure did stays.
  Result<void, StorageFailure> run(Env& env);

 private:
  std::vector<IndexAgeing> indexes_;
};

}  // namespace pharos::storage
