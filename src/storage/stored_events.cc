#include "storage/stored_events.h"

#include <algorithm>

#include "storage/event_block_cache.h"
#include "storage/keys.h"

namespace pharos::storage {

namespace {

constexpr std::size_t kCacheLine = 64;
// Nearly all records are no longer; what follows the first lines the processor fetches by itself.
constexpr std::size_t kPrefetchedBytes = 512;

}  // namespace

void StoredEvents::read_block(std::string_view value) {
  block_.reset();
  const std::optional<BlockHead> head = read_block_head(value);
  if (head && head->kind == BlockKind::plain) {
    block_ = EventBlockReader::parse(value);
  } else if (head) {
    auto body = tables_.unpacked != nullptr ? tables_.unpacked->body(value) : BlockBody::unpack(value);
    if (body) block_ = EventBlockReader::parse(*head, body->bytes());
    held_[next_held_++ % kHeldBodies] = std::move(body);
  }
  if (!block_) txn_.note_damage();
}

bool StoredEvents::enter(Seq seq) {
  if (block_ && block_->head().first <= seq && seq <= block_->head().last()) return true;
  if (!cursor_.seek(EventKey(seq).view())) return false;
  read_block(cursor_.value());
  return true;
}

void StoredEvents::prepare(std::span<const Seq> seqs) {
  seqs = seqs.first(std::min(seqs.size(), kMostPrepared));
  std::array<std::string_view, kMostPrepared> values;
  std::array<std::optional<EventBlockReader>, kMostPrepared> blocks;
  for (std::size_t i = 0; i < seqs.size(); ++i) {
    if (!cursor_.seek(EventKey(seqs[i]).view())) continue;
    values[i] = cursor_.value();
    __builtin_prefetch(values[i].data());
  }
  for (std::size_t i = 0; i < seqs.size(); ++i) {
    blocks[i] = EventBlockReader::parse(values[i]);
    if (blocks[i]) blocks[i]->prefetch_place(seqs[i]);
  }
  for (std::size_t i = 0; i < seqs.size(); ++i) {
    const auto bytes = blocks[i] ? blocks[i]->record(seqs[i]) : std::nullopt;
    if (!bytes) continue;
    for (std::size_t at = 0; at < std::min(bytes->size(), kPrefetchedBytes); at += kCacheLine) {
      __builtin_prefetch(bytes->data() + at);
    }
    prepared(seqs[i]) = {seqs[i], *bytes};
  }
}

std::optional<RecordView> StoredEvents::record(Seq seq) {
  if (const Prepared& known = prepared(seq); known.seq == seq && !known.bytes.empty()) {
    return RecordView(seq, known.bytes, &dictionary_);
  }
  if (!enter(seq) || !block_) return std::nullopt;
  const auto bytes = block_->record(seq);
  if (!bytes) return std::nullopt;
  return RecordView(seq, *bytes, &dictionary_);
}

std::optional<RecordView> StoredEvents::at_or_after(Seq seq) {
  while (enter(seq)) {
    if (block_) {
      if (const auto found = block_->at_or_after(seq)) return RecordView(*found, *block_->record(*found), &dictionary_);
      seq = block_->head().last() + 1;
    } else {
      seq = decode_event_key(cursor_.key()).value_or(kMaxSeq) + 1;
    }
  }
  return std::nullopt;
}

}  // namespace pharos::storage
