#include "storage/index_ageing.h"

#include <algorithm>
#include <string>
#include <vector>

#include <lmdb.h>

#include "storage/index_merge.h"
#include "storage/meta.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

// Their postings make one sorted batch.
constexpr std::size_t kBlocksTaken = 16;

// LMDB keeps the pages of a transaction in memory, and sorted: each that is not the next one moves those behind it.
constexpr std::size_t kBlocksATransaction = 2048;

class IndexAgeing {
 public:
  IndexAgeing(WriteTxn& txn, Table index)
      : txn_(txn), index_(index), young_(*young_level(index)), table_(txn.tables()[young_]) {}

  std::size_t run(std::size_t most) {
    taken_ = read_aged(txn_, txn_.tables(), index_);
    std::size_t taken = 0;
    std::size_t written = 0;
    while (std::max(taken, written) < most && take(most - std::max(taken, written))) {
      taken += blocks_.size();
      written += merge_into_old_level(txn_, index_, changes_);
    }
    if (taken > 0) write_aged(txn_, index_, taken_);
    return txn_.failed() ? 0 : std::max(taken, written);
  }

 private:
  // Into changes_, of which each may have a block of its own written. False when there is nothing to take.
  bool take(std::size_t most) {
    changes_.clear();
    blocks_.clear();
    Cursor blocks(txn_, table_);
    bool there = blocks.seek(taken_ + '\0') || blocks.first();
    for (; there && blocks_.size() < kBlocksTaken && changes_.size() < most; there = blocks.next()) {
      if (!add(blocks.key(), blocks.value())) return txn_.fail_corrupt();
    }
    if (blocks_.empty()) return false;
    taken_ = blocks_.back();
    for (const std::string& key : blocks_) txn_.erase(table_, key);
    return true;
  }

  // False for what would bring disorder into the old level.
  bool add(std::string_view key, std::string_view value) {
    const std::optional<Posting> last = decode_block_key(posting_shape(young_), key);
    IndexBlockReader block(posting_shape(young_), as_bytes(value));
    Posting now;
    while (block.next()) {
      const PostingChange change = from_young(block.posting());
      if (!changes_.empty() && changes_.back().posting >= change.posting) return false;
      changes_.push_back(change);
      now = block.posting();
    }
    blocks_.emplace_back(key);
    return !block.malformed() && last == now;
  }

  WriteTxn& txn_;
  const Table index_;
  const Table young_;
  const Dbi table_;
  std::string taken_;  // the key of the last block
  std::vector<PostingChange> changes_;
  std::vector<std::string> blocks_;
};

Result<std::size_t, StorageFailure> young_blocks(const Env& env, Table index) {
  PHAROS_TRY(const auto txn, env.read());
  MDB_stat status{};
  const int code = mdb_stat(txn.handle(), env.tables()[*young_level(index)], &status);
  return code == MDB_SUCCESS ? status.ms_entries : 0;
}

Result<void, StorageFailure> age_index(Env& env, Table index, const std::function<bool()>& give_up) {
  PHAROS_TRY(std::size_t left, young_blocks(env, index));
  while (left > 0 && !give_up()) {
    PHAROS_TRY(auto txn, env.write());
    const std::size_t done = age_postings(txn, index, std::min(left, kBlocksATransaction));
    PHAROS_TRYV(txn.commit());
    if (done == 0) break;
    left -= std::min(left, done);
  }
  return success();
}

}  // namespace

std::size_t age_postings(WriteTxn& txn, Table index, std::size_t most) { return IndexAgeing(txn, index).run(most); }

Result<void, StorageFailure> age_indexes(Env& env, const std::function<bool()>& give_up) {
  Result<void, StorageFailure> all = success();
  for (const TableSpec& table : kTableSpecs) {
    if (!young_level(table.table)) continue;
    auto aged = age_index(env, table.table, give_up);
    if (!aged && all) all = std::move(aged);
  }
  return all;
}

}  // namespace pharos::storage
