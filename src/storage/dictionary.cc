#include "storage/dictionary.h"

namespace pharos::storage {

std::span<const std::uint8_t> Dictionary::entry_of_new_chunk(std::size_t chunk, std::size_t at) const {
  if (chunks_.empty()) chunks_.resize(count_chunks());
  if (chunk < chunks_.size()) {
    std::span<const std::uint8_t>& held = chunks_[chunk];
    if (held.empty()) held = load_chunk(chunk);
    if (at + kEntryBytes <= held.size()) return held.subspan(at, kEntryBytes);
  }
  note_missing();
  return {};
}

}  // namespace pharos::storage
