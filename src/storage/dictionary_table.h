// The dictionary's table: key = number of the chunk (native u64, TableShape::by_seq), value = its entries. Entries are
// only ever added, so a number means the same bytes as long as the database lives.
#pragma once

#include <cstdint>
#include <string>

#include "storage/dictionary.h"
#include "storage/txn.h"

namespace pharos::storage {

// Reads one transaction's state of the table and is used no longer than what the transaction points to: in a write
// transaction, until its next write. The thread of the transaction.
class StoredDictionary final : public Dictionary {
 public:
  StoredDictionary(const Txn& txn, Dbi table) : txn_(&txn), table_(table) {}

  std::uint64_t size() const;  // entries

 private:
  std::span<const std::uint8_t> load_chunk(std::size_t chunk) const override;
  std::size_t count_chunks() const override;
  void note_missing() const override { txn_->note_damage(); }

  const Txn* txn_;
  Dbi table_;
};

// Adds entries; nobody else writes the table meanwhile. The thread of the transaction.
class DictionaryWriter {
 public:
  DictionaryWriter(WriteTxn& txn, Dbi table);

  // The number of the new entry, which takes effect with flush(). size() is below kMaxEntries.
  EntryNumber add(EntryBytes entry);
  std::uint64_t size() const { return chunk_ * kChunkEntries + last_.size() / kEntryBytes; }

  // Writes what was added, the chunk that was last before once. False when the transaction is failed.
  bool flush();

  // The highest number is left out, for whoever needs one that means none.
  static constexpr std::uint64_t kMaxEntries = UINT32_MAX;

 private:
  bool put_chunk();

  WriteTxn* txn_;
  Dbi table_;
  std::uint64_t chunk_ = 0;  // the number of last_
  std::string last_;
  bool changed_ = false;
};

// True when the chunks are numbered without a gap and are as long as they have to be; for `db check`.
bool verify_dictionary(const Txn& txn, Dbi table);

}  // namespace pharos::storage
