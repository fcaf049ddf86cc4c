#include "storage/merge_memtable.h"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "storage/index_entries.h"
#include "storage/index_merge.h"
#include "storage/lookup.h"
#include "storage/meta.h"

namespace pharos::storage {
namespace {

// What erasures and insertions change in the indexes.
class IndexChanges {
 public:
  explicit IndexChanges(const SipKey& hash_key) : hash_key_(hash_key) {}

  void add(const RecordView& record, bool erased) {
    entries_.clear();
    list_index_entries(record, hash_key_, entries_);
    for (const IndexEntry& entry : entries_)
      changes_[static_cast<std::size_t>(entry.table)].push_back({entry.posting, erased});
  }

  void write(WriteTxn& txn) {
    for (std::size_t table = 0; table < kTableCount; ++table) {
      std::vector<PostingChange>& changes = changes_[table];
      if (changes.empty()) continue;
      std::ranges::sort(changes, std::less<>(), &PostingChange::posting);
      if (!merge_postings(txn, static_cast<Table>(table), changes)) return;
      changes = {};
    }
  }

 private:
  const SipKey& hash_key_;
  std::vector<IndexEntry> entries_;  // reused
  std::array<std::vector<PostingChange>, kTableCount> changes_;
};

void erase_events(WriteTxn& txn, const std::vector<Seq>& erased, IndexChanges& changes) {
  const Tables& tables = txn.tables();
  for (const Seq seq : erased) {
    // An event of a memtable that was erased before that one was merged never came here.
    if (const auto record = find_record(txn, tables, seq)) changes.add(*record, true);
  }
  for (const Seq seq : erased) txn.erase(tables[Table::events], EventKey(seq).view());
}

void insert_events(WriteTxn& txn, const Memtable& memtable, IndexChanges& changes) {
  const Dbi events = txn.tables()[Table::events];
  memtable.each_event([&](const RecordView& record) {
    txn.append(events, EventKey(record.seq()).view(), as_text(record.bytes()));
    changes.add(record, false);
  });
}

}  // namespace

bool merge_memtable(WriteTxn& txn, const Memtable& memtable) {
  IndexChanges changes(txn.tables().hash_key);
  erase_events(txn, memtable.erased(), changes);
  insert_events(txn, memtable, changes);
  changes.write(txn);
  for (const auto& [key, value] : memtable.tombstones()) txn.put(txn.tables()[Table::tombstones], key, value);
  if (memtable.last_seq() > memtable.before()) write_last_seq(txn, memtable.last_seq());
  write_merged_generation(txn, memtable.generation());
  return !txn.failed();
}

}  // namespace pharos::storage
