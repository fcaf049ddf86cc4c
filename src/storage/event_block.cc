#include "storage/event_block.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "storage/block_compression.h"
#include "storage/record.h"
#include "util/bytes.h"

namespace pharos::storage {
namespace {

static_assert(std::endian::native == std::endian::little);

template <class Number>
Number load(const void* from) {
  Number number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

bool is_aligned(const void* at) { return reinterpret_cast<std::uintptr_t>(at) % kRecordAlignment == 0; }

}  // namespace

std::optional<BlockHead> read_block_head(std::string_view value) {
  if (value.size() < kBlockHeaderBytes) return std::nullopt;
  BlockHead head;
  head.first = load<std::uint64_t>(value.data());
  head.stamp = load<std::uint64_t>(value.data() + 8);
  const auto kind = load<std::uint16_t>(value.data() + 16);
  head.kind = BlockKind{kind};
  head.count = load<std::uint16_t>(value.data() + 18);
  head.body_bytes = load<std::uint32_t>(value.data() + 20);
  if (head.count == 0 || head.first > UINT64_MAX - head.count) return std::nullopt;
  if (head.body_bytes % kRecordAlignment != 0 || head.body_bytes < block_index_bytes(head.count)) return std::nullopt;
  switch (head.kind) {
    case BlockKind::plain:
      return head.body_bytes == value.size() - kBlockHeaderBytes ? std::optional(head) : std::nullopt;
    case BlockKind::zstd:
      return head.body_bytes <= kMaxCompressedBody ? std::optional(head) : std::nullopt;
  }
  return std::nullopt;
}

BlockBody::BlockBody(std::size_t size)
    : words_(std::make_unique_for_overwrite<std::uint64_t[]>(size / sizeof(std::uint64_t))), size_(size) {}

std::shared_ptr<const BlockBody> BlockBody::unpack(std::string_view value) {
  const auto head = read_block_head(value);
  if (!head || head->kind != BlockKind::zstd) return nullptr;
  std::shared_ptr<BlockBody> body(new BlockBody(head->body_bytes));
  const std::span<std::uint8_t> into(reinterpret_cast<std::uint8_t*>(body->words_.get()), body->size_);
  return decompress_block(as_bytes(value.substr(kBlockHeaderBytes)), into) ? body : nullptr;
}

EventBlockReader::EventBlockReader(const BlockHead& head, std::span<const std::uint8_t> body)
    : head_(head), body_(body), records_(body.subspan(block_index_bytes(head.count))) {}

std::optional<EventBlockReader> EventBlockReader::parse(std::string_view value) {
  const auto head = read_block_head(value);
  if (!head || head->kind != BlockKind::plain) return std::nullopt;
  return parse(*head, as_bytes(value.substr(kBlockHeaderBytes)));
}

std::optional<EventBlockReader> EventBlockReader::parse(const BlockHead& head, std::span<const std::uint8_t> body) {
  if (!is_aligned(body.data()) || body.size() != head.body_bytes) return std::nullopt;
  if (head.count == 0 || body.size() < block_index_bytes(head.count)) return std::nullopt;
  return EventBlockReader(head, body);
}

std::uint32_t EventBlockReader::offset(std::size_t i) const { return load<std::uint32_t>(body_.data() + 4 * i); }

std::optional<std::span<const std::uint8_t>> EventBlockReader::record(Seq seq) const {
  if (seq < head_.first || seq > head_.last()) return std::nullopt;
  const auto i = static_cast<std::size_t>(seq - head_.first);
  const std::uint32_t begin = offset(i);
  const std::uint32_t end = offset(i + 1);
  if (begin >= end || end > records_.size() || begin % kRecordAlignment != 0) return std::nullopt;
  return records_.subspan(begin, end - begin);
}

std::optional<Seq> EventBlockReader::at_or_after(Seq seq) const {
  for (seq = std::max(seq, head_.first); seq <= head_.last(); ++seq) {
    if (record(seq)) return seq;
  }
  return std::nullopt;
}

bool EventBlockReader::verify() const {
  const std::size_t index_end = 4 * (std::size_t{head_.count} + 1);
  const auto padding = body_.subspan(index_end, block_index_bytes(head_.count) - index_end);
  if (!std::ranges::all_of(padding, [](std::uint8_t byte) { return byte == 0; })) return false;
  if (offset(0) != 0 || offset(head_.count) != records_.size()) return false;
  for (std::size_t i = 0; i < head_.count; ++i) {
    if (offset(i) > offset(i + 1) || offset(i) % kRecordAlignment != 0) return false;
  }
  return true;
}

}  // namespace pharos::storage
