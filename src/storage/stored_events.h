// The events that LMDB holds, as one transaction sees them: blocks, and the dictionary that their records refer to.
// One thread; of a write transaction, until its next write.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "storage/dictionary_table.h"
#include "storage/event_block.h"
#include "storage/index_levels.h"
#include "storage/record.h"
#include "storage/tables.h"
#include "storage/txn.h"

namespace pharos::storage {

class StoredEvents {
 public:
  // Both outlive it.
  StoredEvents(const Txn& txn, const Tables& tables)
      : txn_(txn), tables_(tables), cursor_(txn, tables[Table::events]), dictionary_(txn, tables[Table::dictionary]) {}
  StoredEvents(const StoredEvents&) = delete;
  StoredEvents& operator=(const StoredEvents&) = delete;

  const Txn& txn() const { return txn_; }
  const Tables& tables() const { return tables_; }
  const Dictionary& dictionary() const { return dictionary_; }

  // Views are valid as long as this, but of compressed blocks only until kHeldBodies others were read. What a damaged
  // block held is not there, and the transaction is damaged() from then on.
  std::optional<RecordView> record(Seq seq);
  // Fetches into the caches what record() will read of these, all at once instead of one miss after the other.
  void prepare(std::span<const Seq> seqs);
  // The event of that number or the next higher one.
  std::optional<RecordView> at_or_after(Seq seq);

  // A cursor over by_id, opened once for all who look for ids.
  IndexCursor& ids() {
    if (!ids_) ids_.emplace(txn_, tables_, Table::by_id);
    return *ids_;
  }

  static constexpr std::size_t kHeldBodies = 64;
  static constexpr std::size_t kMostPrepared = 64;

 private:
  // Into the block that holds the number or, where none does, the next one.
  bool enter(Seq seq);
  void read_block(std::string_view value);

  const Txn& txn_;
  const Tables& tables_;
  Cursor cursor_;
  std::optional<IndexCursor> ids_;
  const StoredDictionary dictionary_;
  std::optional<EventBlockReader> block_;  // the last one entered
  std::array<std::shared_ptr<const BlockBody>, kHeldBodies> held_;
  std::size_t next_held_ = 0;
  struct Prepared {
    Seq seq = 0;
    std::span<const std::uint8_t> bytes;
  };
  Prepared& prepared(Seq seq) { return prepared_[seq % kMostPrepared]; }
  std::array<Prepared, kMostPrepared> prepared_;  // of plain blocks
};

}  // namespace pharos::storage
