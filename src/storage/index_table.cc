#include "storage/index_table.h"

#include "storage/keys.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

constexpr std::size_t kTieBytes = 3;
constexpr std::uint32_t kMaxTie = (1U << (8 * kTieBytes)) - 1;
constexpr Seq kMaxStoredSeq = (Seq{1} << (8 * kSeqBytes)) - 1;

}  // namespace

PostingShape posting_shape(Table index) {
  switch (index) {
    case Table::by_id:
    case Table::young_by_id:
    case Table::replaceable:
    case Table::expiry:
    case Table::by_entry:
      return PostingShape::bare;
    default:
      return PostingShape::placed;
  }
}

BlockKey::BlockKey(PostingShape shape, const Posting& last) {
  const auto add = [this](std::uint64_t number, std::size_t width) {
    for (std::size_t i = width; i-- > 0;) bytes_[size_++] = static_cast<char>(number >> (8 * i));
  };
  add(last.key, 8);
  if (shape == PostingShape::placed) {
    add(~static_cast<std::uint64_t>(last.place.created_at), 8);
    add(last.place.tie, kTieBytes);
  }
  add(last.place.seq, kSeqBytes);
}

std::optional<Posting> decode_block_key(PostingShape shape, std::string_view key) {
  const std::size_t place = shape == PostingShape::placed ? 8 + kTieBytes : 0;
  if (key.size() != 8 + place + kSeqBytes) return std::nullopt;
  const std::span<const std::uint8_t> bytes = as_bytes(key);
  Posting last;
  last.key = get_big_endian(bytes.first(8));
  if (shape == PostingShape::placed) {
    last.place.created_at = static_cast<UnixSeconds>(~get_big_endian(bytes.subspan(8, 8)));
    last.place.tie = static_cast<std::uint32_t>(get_big_endian(bytes.subspan(16, kTieBytes)));
  }
  last.place.seq = get_big_endian(bytes.subspan(8 + place));
  return last;
}

bool LevelCursor::enter() {
  entered_ = false;
  const std::optional<Posting> last = decode_block_key(shape_, blocks_.key());
  block_ = IndexBlockReader(shape_, as_bytes(blocks_.value()));
  if (!last || !block_.next()) return damaged();
  block_first_ = block_.posting();
  block_last_ = *last;
  entered_ = true;
  return true;
}

bool LevelCursor::seek(const Posting& at) {
  if (!entered_ || at < block_first_ || block_last_ < at) {
    entered_ = false;
    if (!blocks_.seek(BlockKey(shape_, at).view()) || !enter()) return false;
    if (at <= block_first_) return true;
  }
  return block_.seek(at) || damaged();
}

bool LevelCursor::first() { return blocks_.first() && enter(); }

bool LevelCursor::next() {
  if (block_.next()) return true;
  if (block_.malformed()) return damaged();
  return entered_ && blocks_.next() && enter();
}

std::optional<Posting> LevelCursor::last_of(Key key) {
  entered_ = false;
  std::optional<Posting> last;
  const Posting end{key, {0, kMaxTie, kMaxStoredSeq}};
  if (!blocks_.seek(BlockKey(shape_, end).view())) {
    if (blocks_.last()) last = decode_block_key(shape_, blocks_.key());
  } else {
    IndexBlockReader block(shape_, as_bytes(blocks_.value()));
    while (block.next() && block.posting() <= end) last = block.posting();
    if (block.malformed()) damaged();
    if (!last && blocks_.previous()) last = decode_block_key(shape_, blocks_.key());
  }
  return last && last->key == key ? last : std::nullopt;
}

}  // namespace pharos::storage
