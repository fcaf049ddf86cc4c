#include "storage/stored_events.h"

#include "storage/event_block_cache.h"
#include "storage/keys.h"

namespace pharos::storage {

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
  damaged_ = damaged_ || !block_;
}

bool StoredEvents::enter(Seq seq) {
  if (block_ && block_->head().first <= seq && seq <= block_->head().last()) return true;
  if (!cursor_.seek(EventKey(seq).view())) return false;
  read_block(cursor_.value());
  return true;
}

std::optional<RecordView> StoredEvents::record(Seq seq) {
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
