#include "storage/memtable.h"

#include <cstring>
#include <new>

#include <xxhash.h>

#include "util/bytes.h"
#include "util/check.h"

namespace pharos::storage {
namespace {

// Keys a typical event brings that no other of the memtable has: its id, its addresses and most of its tag values.
constexpr std::size_t kKeysAnEvent = 4;
// Its id.
constexpr std::size_t kKeysOfTheWriter = 1;
// Most of its words are in others too.
constexpr std::size_t kNewWordsAnEvent = 4;

std::size_t keys_an_event(bool queries, bool words) {
  if (!queries) return kKeysOfTheWriter;
  return kKeysAnEvent + (words ? kNewWordsAnEvent : 0);
}

std::size_t tombstone_bit(std::string_view key, std::size_t bits) { return XXH3_64bits(key.data(), key.size()) % bits; }

}  // namespace

Memtable::Memtable(std::uint64_t generation, Seq before, const IndexRules& rules, std::size_t expected_events,
                   std::shared_ptr<ArenaChunks> chunks, Asked asked)
    : generation_(generation),
      before_(before),
      rules_(rules),
      asked_(asked),
      memory_(std::move(chunks)),
      last_seq_(before),
      erasures_(new std::atomic<Erasure*>[kErasureBuckets] {}),
      lists_(memory_, expected_events * keys_an_event(asked == Asked::by_queries, !rules.searched.empty())) {}

bool Memtable::empty() const {
  return last_seq() == before_ && tombstones_.empty() && erasure_count_.load(std::memory_order_relaxed) == 0;
}

Memtable::Slot* Memtable::slot(Seq seq) const {
  if (seq <= before_ || seq - before_ > kMaxEvents) return nullptr;
  const std::size_t at = seq - before_ - 1;
  Chunk* chunk = chunks_[at / kChunk].load(std::memory_order_acquire);
  return chunk != nullptr ? &(*chunk)[at % kChunk] : nullptr;
}

Memtable::Slot& Memtable::slot_to_fill(Seq seq) {
  PHAROS_FATAL_CHECK(seq > last_seq() && seq - before_ <= kMaxEvents);
  std::atomic<Chunk*>& chunk = chunks_[(seq - before_ - 1) / kChunk];
  if (chunk.load(std::memory_order_relaxed) == nullptr) {
    chunk.store(new (memory_.allocate(sizeof(Chunk), alignof(Chunk))) Chunk(), std::memory_order_release);
  }
  return *slot(seq);
}

RecordView Memtable::insert(Seq seq, std::string_view record) {
  const RecordView kept = keep(seq, record);
  entries_.clear();
  list_index_entries(kept, rules_, entries_);
  index(kept, entries_);
  return kept;
}

RecordView Memtable::insert(Seq seq, std::string_view record, std::span<const IndexEntry> entries) {
  const RecordView kept = keep(seq, record);
  index(kept, entries);
  return kept;
}

RecordView Memtable::keep(Seq seq, std::string_view record) {
  auto* bytes = static_cast<std::uint8_t*>(memory_.allocate(record.size(), kRecordAlignment));
  std::memcpy(bytes, record.data(), record.size());
  Slot& filled = slot_to_fill(seq);
  filled.size = static_cast<std::uint32_t>(record.size());
  filled.bytes.store(bytes, std::memory_order_release);
  last_seq_.store(seq, std::memory_order_relaxed);
  return RecordView(seq, {bytes, record.size()});
}

void Memtable::index(const RecordView& record, std::span<const IndexEntry> entries) {
  const auto each_listed = [&](const auto& visit) {
    for (const IndexEntry& entry : entries) {
      if (can_be_asked(entry.table)) visit(entry.table, entry.posting.key);
    }
  };
  each_listed([this](Table table, Key key) { lists_.prefetch_bucket(table, key); });
  each_listed([this](Table table, Key key) { lists_.prefetch_list(table, key); });
  each_listed([this](Table table, Key key) { lists_.prefetch_newest(table, key); });
  for (const auto& [table, posting] : entries) {
    if (table == Table::expiry) continue;
    Candidate place = posting.place;
    place.seq = record.seq();
    can_be_asked(table) ? lists_.insert(table, posting.key, place) : add_unsorted(table, {posting.key, place});
  }
  if (const auto at = record.expires_at()) expirations_.emplace(*at, record.seq());
}

void Memtable::add_unsorted(Table table, const Posting& posting) {
  PostingChunk*& last = unsorted(table);
  if (last == nullptr || last->size == PostingChunk::kSize) {
    auto* next = new (memory_.allocate(sizeof(PostingChunk), alignof(PostingChunk))) PostingChunk;
    next->before = last;
    last = next;
  }
  last->postings[last->size++] = posting;
}

std::optional<RecordView> Memtable::record(Seq seq, Seq as_of) const {
  if (seq > as_of) return std::nullopt;
  const Slot* held = slot(seq);
  if (held == nullptr) return std::nullopt;
  const std::uint8_t* bytes = held->bytes.load(std::memory_order_acquire);
  if (bytes == nullptr || held->erased_by.load(std::memory_order_acquire) <= as_of) return std::nullopt;
  return RecordView(seq, {bytes, held->size});
}

std::atomic<Memtable::Erasure*>& Memtable::erasure_bucket(Seq seq) const { return erasures_[seq % kErasureBuckets]; }

Memtable::Erasure* Memtable::find_erasure(Seq seq) const {
  Erasure* erasure = erasure_bucket(seq).load(std::memory_order_acquire);
  while (erasure != nullptr && erasure->seq != seq) erasure = erasure->next;
  return erasure;
}

void Memtable::erase(Seq seq, Seq by) {
  if (Slot* held = slot(seq)) return held->erased_by.store(by, std::memory_order_release);
  if (Erasure* known = find_erasure(seq)) return known->by.store(by, std::memory_order_release);
  std::atomic<Erasure*>& bucket = erasure_bucket(seq);
  auto* erasure = new (memory_.allocate(sizeof(Erasure), alignof(Erasure)))
      Erasure{seq, by, bucket.load(std::memory_order_relaxed)};
  bucket.store(erasure, std::memory_order_release);
  erasure_count_.store(erasure_count_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void Memtable::restore(Seq seq) {
  if (Slot* held = slot(seq)) return held->erased_by.store(kNever, std::memory_order_release);
  if (Erasure* known = find_erasure(seq)) known->by.store(kNever, std::memory_order_release);
}

bool Memtable::erases(Seq seq, Seq as_of) const {
  if (erasure_count_.load(std::memory_order_acquire) == 0) return false;
  const Erasure* erasure = find_erasure(seq);
  return erasure != nullptr && erasure->by.load(std::memory_order_acquire) <= as_of;
}

std::vector<Seq> Memtable::erased() const {
  std::vector<Seq> found;
  for (std::size_t i = 0; i < kErasureBuckets; ++i) {
    for (const Erasure* erasure = erasures_[i].load(std::memory_order_acquire); erasure != nullptr;
         erasure = erasure->next) {
      if (erasure->by.load(std::memory_order_acquire) != kNever) found.push_back(erasure->seq);
    }
  }
  std::ranges::sort(found);
  return found;
}

void Memtable::set_tombstone(const TombstoneKey& key, std::string_view value) {
  if (const auto known = tombstones_.find(key.view()); known != tombstones_.end()) {
    known->second = value;
  } else {
    tombstones_.emplace(key.view(), value);
    tombstone_bits_.set(tombstone_bit(key.view(), kTombstoneBits));
  }
}

void Memtable::drop_tombstone(const TombstoneKey& key) {
  if (const auto known = tombstones_.find(key.view()); known != tombstones_.end()) tombstones_.erase(known);
}

std::optional<std::string_view> Memtable::tombstone(std::string_view key) const {
  if (!tombstone_bits_.test(tombstone_bit(key, kTombstoneBits))) return std::nullopt;
  const auto found = tombstones_.find(key);
  if (found == tombstones_.end()) return std::nullopt;
  return found->second;
}

}  // namespace pharos::storage
