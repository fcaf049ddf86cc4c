#include "storage/event_block_writer.h"

#include <algorithm>
#include <utility>

#include "storage/record.h"
#include "util/bytes.h"
#include "util/check.h"

namespace pharos::storage {
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// What a block may hold at all; kMaxGap and the size of a record keep usual ones far below.
constexpr std::size_t kMaxCount = UINT16_MAX;

}  // namespace

bool EventBlockWriter::fits(Seq seq, std::size_t record_bytes) const {
  if (empty()) return true;
  const Seq gap = seq - last() - 1;
  const std::size_t count = offsets_.size() + static_cast<std::size_t>(gap) + 1;
  if (gap > kMaxGap || count > kMaxCount) return false;
  return kBlockHeaderBytes + block_index_bytes(count) + records_.size() + record_bytes <= profile_.block_bytes;
}

void EventBlockWriter::add(Seq seq, std::span<const std::uint8_t> record) {
  PHAROS_DEBUG_CHECK(record.size() % kRecordAlignment == 0);
  if (empty()) {
    first_ = seq;
  } else {
    extend_to(seq - 1);
  }
  offsets_.push_back(static_cast<std::uint32_t>(records_.size()));
  records_ += as_text(record);
}

void EventBlockWriter::extend_to(Seq last) {
  offsets_.resize(static_cast<std::size_t>(last - first_) + 1, static_cast<std::uint32_t>(records_.size()));
}

void EventBlockWriter::finish(std::uint64_t stamp, std::string& out) {
  PHAROS_FATAL_CHECK(!empty() && offsets_.size() <= kMaxCount);
  const std::size_t count = offsets_.size();
  offsets_.push_back(static_cast<std::uint32_t>(records_.size()));
  std::string body;
  body.reserve(block_index_bytes(count) + records_.size());
  for (const std::uint32_t offset : offsets_) append_number(body, offset);
  body.resize(block_index_bytes(count));
  body += records_;
  PHAROS_FATAL_CHECK(body.size() <= UINT32_MAX);

  const auto write_head = [&](BlockKind kind) {
    out.clear();
    append_number(out, first_);
    append_number(out, stamp);
    append_number(out, static_cast<std::uint16_t>(kind));
    append_number(out, static_cast<std::uint16_t>(count));
    append_number(out, static_cast<std::uint32_t>(body.size()));
  };
  write_head(BlockKind::zstd);
  const bool may_compress = profile_.zstd_level != 0 && body.size() <= kMaxCompressedBody;
  if (!may_compress || !compressor_.append(as_bytes(body), profile_.zstd_level, body.size() / 10 * 9, out)) {
    write_head(BlockKind::plain);
    out += body;
  }
  out.resize((out.size() + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment);
  offsets_.clear();
  records_.clear();
}

bool rewrite_without(std::string_view value, std::span<const Seq> erased, std::uint64_t stamp,
                     const BlockProfile& profile, std::string& out) {
  const auto head = read_block_head(value);
  if (!head) return false;
  const auto unpacked = BlockBody::unpack(value);
  if (head->kind == BlockKind::zstd && !unpacked) return false;
  const auto block = unpacked ? EventBlockReader::parse(*head, unpacked->bytes()) : EventBlockReader::parse(value);
  if (!block || !block->verify()) return false;

  EventBlockWriter writer(profile);
  for (auto seq = block->at_or_after(head->first); seq; seq = block->at_or_after(*seq + 1)) {
    if (!std::ranges::binary_search(erased, *seq)) writer.add(*seq, *block->record(*seq));
  }
  out.clear();
  if (writer.empty()) return true;
  writer.extend_to(head->last());
  writer.finish(stamp, out);
  return true;
}

}  // namespace pharos::storage
