// A block of events, as a damaged file may hold it: whatever it says is read inside its bounds, and what verifies is
// written again with the same records.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "storage/event_block.h"
#include "storage/event_block_writer.h"
#include "util/bytes.h"
#include "util/check.h"

namespace {

using pharos::storage::BlockBody;
using pharos::storage::BlockProfile;
using pharos::storage::EventBlockReader;
using pharos::storage::read_block_head;
using pharos::storage::rewrite_without;
using pharos::storage::Seq;

std::optional<EventBlockReader> open(std::string_view value, std::shared_ptr<const BlockBody>& body) {
  body = BlockBody::unpack(value);
  return body ? EventBlockReader::parse(*read_block_head(value), body->bytes()) : EventBlockReader::parse(value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Aligned, and of the exact size, so that a read beyond the end is seen.
  const std::vector<std::uint8_t> bytes(data, data + size);
  const std::string_view value = pharos::as_text(bytes);
  std::shared_ptr<const BlockBody> body;
  const auto block = open(value, body);
  if (!block) return 0;

  std::vector<Seq> odd;
  for (auto seq = block->at_or_after(0); seq; seq = block->at_or_after(*seq + 1)) {
    // A copy reads it whole.
    PHAROS_FATAL_CHECK(!std::string(pharos::as_text(*block->record(*seq))).empty());
    if (*seq % 2 != 0) odd.push_back(*seq);
  }

  for (const int level : {0, 1}) {
    std::string again;
    const bool rewritten = rewrite_without(value, odd, 1, {BlockProfile::kArchiveBytes, level}, again);
    PHAROS_FATAL_CHECK(rewritten == block->verify());
    if (!rewritten || again.empty()) continue;
    std::shared_ptr<const BlockBody> body_again;
    const std::vector<std::uint8_t> kept(again.begin(), again.end());
    const auto back = open(pharos::as_text(kept), body_again);
    PHAROS_FATAL_CHECK(back && back->verify() && back->head().last() == block->head().last());
    for (Seq seq = block->head().first; seq <= block->head().last(); ++seq) {
      const auto before = block->record(seq);
      const auto after = back->record(seq);
      PHAROS_FATAL_CHECK(after.has_value() == (before.has_value() && seq % 2 == 0));
      if (after) PHAROS_FATAL_CHECK(pharos::as_text(*after) == pharos::as_text(*before));
    }
  }
  return 0;
}
