// Brings a frozen memtable into LMDB's tables.
#pragma once

#include "storage/memtable.h"
#include "storage/txn.h"

namespace pharos::storage {

// Erases, then inserts, each table in the order of its keys, as LMDB takes it best: the events of thousands of commits
// share the pages they change. Notes the memtable as merged in the same transaction. False when the transaction has
// failed. Generations are merged in their order.
bool merge_memtable(WriteTxn& txn, const Memtable& memtable);

}  // namespace pharos::storage
