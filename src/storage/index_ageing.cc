#include "storage/index_ageing.h"

#include <algorithm>
#include <utility>

#include <lmdb.h>

#include "storage/index_merge.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

// Their postings make one sorted batch.
constexpr std::size_t kBlocksTaken = 16;

// LMDB keeps the pages of a transaction in memory, and sorted: each that is not the next one moves those behind it.
constexpr std::size_t kBlocksATransaction = 2048;

std::size_t count_blocks(const Txn& txn, Dbi table) {
  MDB_stat status{};
  return mdb_stat(txn.handle(), table, &status) == MDB_SUCCESS ? status.ms_entries : 0;
}

}  // namespace

bool IndexAgeing::take(WriteTxn& txn) {
  const Table young = *young_level(index_);
  const Dbi table = txn.tables()[young];
  changes_.clear();
  blocks_.clear();
  {
    Cursor blocks(txn, table);
    bool there = blocks.seek(taken_ + '\0') || blocks.first();
    for (; there && blocks_.size() < kBlocksTaken; there = blocks.next()) {
      IndexBlockReader block(posting_shape(young), as_bytes(blocks.value()));
      while (block.next()) changes_.push_back(from_young(block.posting()));
      if (block.malformed()) return txn.fail_corrupt();
      blocks_.emplace_back(blocks.key());
    }
  }
  if (blocks_.empty()) return false;
  taken_ = blocks_.back();
  for (const std::string& key : blocks_) txn.erase(table, key);
  return true;
}

std::size_t IndexAgeing::step(WriteTxn& txn, std::size_t most) {
  std::size_t written = 0;
  while (written < most && take(txn)) written += merge_into_old_level(txn, index_, changes_);
  return txn.failed() ? 0 : written;
}

Ageing::Ageing() {
  for (const TableSpec& table : kTableSpecs) {
    if (young_level(table.table)) indexes_.emplace_back(table.table);
  }
}

Result<void, StorageFailure> Ageing::run(Env& env) {
  for (IndexAgeing& index : indexes_) {
    std::size_t left = 0;
    bool begun = false;
    do {
      PHAROS_TRY(auto txn, env.write());
      if (!std::exchange(begun, true)) left = count_blocks(txn, txn.tables()[*young_level(index.index())]);
      const std::size_t written = index.step(txn, std::min(left, kBlocksATransaction));
      PHAROS_TRYV(txn.commit());
      if (written == 0) break;
      left -= std::min(left, written);
    } while (left > 0);
  }
  return success();
}

}  // namespace pharos::storage
