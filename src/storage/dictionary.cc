#include "storage/dictionary.h"

namespace pharos::storage {

std::span<const std::uint8_t> Dictionary::entry_of_new_chunk(std::size_t chunk, std::size_t at) const {
  if (chunks_.empty()) chunks_.resize(count_chunks());
  if (chunk >= chunks_.size()) return {};
  std::span<const std::uint8_t>& held = chunks_[chunk];
  if (held.empty()) held = load_chunk(chunk);
  return at + kEntryBytes <= held.size() ? held.subspan(at, kEntryBytes) : std::span<const std::uint8_t>();
}

}  // namespace pharos::storage
