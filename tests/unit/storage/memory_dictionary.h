// A dictionary without a database, and the index of it. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "storage/dictionary.h"
#include "util/bytes.h"

namespace pharos::test {

class MemoryDictionary final : public storage::Dictionary {
 public:
  // Before the first entry() of the chunk.
  storage::EntryNumber add(storage::EntryBytes bytes) {
    const auto number = static_cast<storage::EntryNumber>(entries_.size() / storage::kEntryBytes);
    entries_ += as_text(bytes);
    numbers_.emplace(as_text(bytes), number);
    return number;
  }
  std::optional<storage::EntryNumber> number_of(storage::EntryBytes bytes) const {
    const auto found = numbers_.find(std::string(as_text(bytes)));
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::span<const std::uint8_t> load_chunk(std::size_t chunk) const override {
    constexpr std::size_t kChunk = storage::kChunkEntries * storage::kEntryBytes;
    return as_bytes(std::string_view(entries_).substr(chunk * kChunk, kChunk));
  }
  std::size_t count_chunks() const override {
    return (entries_.size() / storage::kEntryBytes + storage::kChunkEntries - 1) / storage::kChunkEntries;
  }

  std::string entries_;
  std::map<std::string, storage::EntryNumber> numbers_;
};

}  // namespace pharos::test
