#include "storage/merge_memtable.h"

#include <algorithm>
#include <vector>

#include "storage/index_entries.h"
#include "storage/lookup.h"
#include "storage/meta.h"

namespace pharos::storage {
namespace {

void erase_events(WriteTxn& txn, const std::vector<Seq>& erased) {
  const Tables& tables = txn.tables();
  std::vector<IndexEntry> entries;
  for (const Seq seq : erased) {
    // An event of a memtable that was erased before that one was merged never came here.
    if (const auto record = find_record(txn, tables, seq)) list_index_entries(*record, tables.hash_key, entries);
  }
  std::ranges::sort(entries);
  for (const IndexEntry& entry : entries) txn.erase_grouped(tables[entry.table], entry.key.view(), entry.value.view());
  for (const Seq seq : erased) txn.erase(tables[Table::events], EventKey(seq).view());
}

void insert_events(WriteTxn& txn, const Memtable& memtable) {
  const Tables& tables = txn.tables();
  std::vector<IndexEntry> entries;
  memtable.each_event([&](const RecordView& record) {
    txn.append(tables[Table::events], EventKey(record.seq()).view(), as_text(record.bytes()));
    list_index_entries(record, tables.hash_key, entries);
  });
  std::ranges::sort(entries);
  for (const IndexEntry& entry : entries) txn.put_grouped(tables[entry.table], entry.key.view(), entry.value.view());
}

}  // namespace

bool merge_memtable(WriteTxn& txn, const Memtable& memtable) {
  erase_events(txn, memtable.erased());
  insert_events(txn, memtable);
  for (const auto& [key, value] : memtable.tombstones()) txn.put(txn.tables()[Table::tombstones], key, value);
  if (memtable.last_seq() > memtable.before()) write_last_seq(txn, memtable.last_seq());
  write_merged_generation(txn, memtable.generation());
  return !txn.failed();
}

}  // namespace pharos::storage
