// Brings a frozen memtable into LMDB's tables.
#pragma once

#include "storage/event_block_writer.h"
#include "storage/memtable.h"
#include "storage/txn.h"

namespace pharos::storage {

// Erases, then inserts, each table in the order of its keys: the events of thousands of commits share the blocks they
// change. Events go into new blocks of that profile; ids and public keys that recur in their tags, into the dictionary.
// Notes the memtable as merged in the same transaction. False when the transaction has failed. Generations are merged
// in their order.
bool merge_memtable(WriteTxn& txn, const Memtable& memtable, const BlockProfile& profile);

}  // namespace pharos::storage
