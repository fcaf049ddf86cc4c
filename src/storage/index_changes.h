// What a merge changes in the indexes of events: what it erases, and what the memtable holds.
//
// Another thread puts the changes of an index in order while the merging one writes what comes before it: reading the
// lists of a memtable is a quarter of a merge and asks nothing of LMDB.
#pragma once

#include <array>
#include <future>
#include <vector>

#include "storage/index_levels.h"
#include "storage/memtable.h"
#include "storage/place_reader.h"

namespace pharos::storage {

// Called by one thread. From start() to the end of write() the other one reads what it was told of.
class IndexChanges {
 public:
  // The memtable is frozen. It and what the rules refer to outlive this.
  IndexChanges(const IndexRules& rules, const Memtable& memtable) : rules_(rules), memtable_(memtable) {}
  IndexChanges(const IndexChanges&) = delete;
  IndexChanges& operator=(const IndexChanges&) = delete;

  // has_words: the index by word holds the event's entries.
  void erase(const RecordView& record, bool has_words);
  // Begins to put in order what write() writes. Nothing is erased any more.
  void start();
  // Once, after start(). The transaction may have failed.
  void write(WriteTxn& txn);

 private:
  struct Index {
    std::vector<PostingChange> changes;  // in no order
    std::vector<KeyPlaces> added;
  };
  Index& of(Table table) { return indexes_[static_cast<std::size_t>(table)]; }
  bool is_alive(Seq seq) const { return alive_[seq - memtable_.before() - 1]; }
  void read_memtable();
  std::vector<PostingChange> gather(Table table);

  const IndexRules rules_;
  const Memtable& memtable_;
  std::vector<IndexEntry> entries_;  // reused
  std::vector<bool> alive_;          // by number
  std::array<Index, kTableCount> indexes_;
  // Behind what its thread uses, for which its end waits.
  std::future<std::vector<PostingChange>> gathered_;
};

}  // namespace pharos::storage
