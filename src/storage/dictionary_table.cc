#include "storage/dictionary_table.h"

#include <algorithm>
#include <optional>

#include "storage/keys.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kChunkBytes = kChunkEntries * kEntryBytes;

struct LastChunk {
  std::uint64_t number = 0;
  std::string_view entries;
};

// Chunks are numbered as events are: native u64.
std::optional<LastChunk> last_chunk(const Txn& txn, Dbi table) {
  Cursor cursor(txn, table);
  if (!cursor.last()) return std::nullopt;
  const auto number = decode_event_key(cursor.key());
  if (!number) return std::nullopt;
  return LastChunk{*number, cursor.value()};
}

}  // namespace

std::uint64_t StoredDictionary::size() const {
  const auto last = last_chunk(*txn_, table_);
  return last ? last->number * kChunkEntries + last->entries.size() / kEntryBytes : 0;
}

std::span<const std::uint8_t> StoredDictionary::load_chunk(std::size_t chunk) const {
  const auto entries = txn_->get(table_, EventKey(chunk).view());
  return entries ? as_bytes(*entries) : std::span<const std::uint8_t>();
}

std::size_t StoredDictionary::count_chunks() const {
  constexpr std::size_t kMost = DictionaryWriter::kMaxEntries / kChunkEntries + 1;
  const auto last = last_chunk(*txn_, table_);
  return last ? static_cast<std::size_t>(std::min<std::uint64_t>(last->number, kMost - 1)) + 1 : 0;
}

DictionaryWriter::DictionaryWriter(WriteTxn& txn, Dbi table) : txn_(&txn), table_(table) {
  if (const auto last = last_chunk(txn, table)) {
    chunk_ = last->number;
    last_ = last->entries;
  }
}

EntryNumber DictionaryWriter::add(EntryBytes entry) {
  if (last_.size() == kChunkBytes) {
    put_chunk();
    last_.clear();
    ++chunk_;
  }
  const auto number = static_cast<EntryNumber>(size());
  last_ += as_text(entry);
  changed_ = true;
  return number;
}

bool DictionaryWriter::put_chunk() {
  if (!changed_) return !txn_->failed();
  changed_ = false;
  return txn_->put(table_, EventKey(chunk_).view(), last_);
}

bool DictionaryWriter::flush() { return put_chunk(); }

bool verify_dictionary(const Txn& txn, Dbi table) {
  std::uint64_t expected = 0;
  bool full = true;
  Cursor cursor(txn, table);
  for (bool there = cursor.first(); there; there = cursor.next()) {
    const std::size_t size = cursor.value().size();
    if (!full || decode_event_key(cursor.key()) != expected) return false;
    if (size == 0 || size > kChunkBytes || size % kEntryBytes != 0) return false;
    full = size == kChunkBytes;
    ++expected;
  }
  return !txn.failed() && expected <= DictionaryWriter::kMaxEntries / kChunkEntries + 1;
}

}  // namespace pharos::storage
