// Any bytes as a block of an index: read whole and sought in, never beyond their end, and a seek never ends before the
// place it was given.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/index_block.h"
#include "util/check.h"

namespace pharos::storage {
namespace {

void check(PostingShape shape, const std::vector<std::uint8_t>& bytes) {
  std::vector<Posting> read;
  for (IndexBlockReader reader(shape, bytes); reader.next();) read.push_back(reader.posting());
  PHAROS_FATAL_CHECK(read.size() <= bytes.size());
  for (std::size_t i = 0; i < read.size(); i += 7) {
    IndexBlockReader other(shape, bytes);
    PHAROS_FATAL_CHECK(!other.seek(read[i]) || other.posting() >= read[i]);
  }
}

}  // namespace
}  // namespace pharos::storage

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pharos::storage;
  // Of the exact size, so that a read beyond the end is seen.
  const std::vector<std::uint8_t> bytes(data, data + size);
  check(PostingShape::placed, bytes);
  check(PostingShape::bare, bytes);
  return 0;
}
