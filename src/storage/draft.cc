#include "storage/draft.h"

#include <memory>
#include <string>
#include <vector>

#include "storage/record.h"
#include "util/release_memory.h"

namespace pharos::storage {
namespace {

// Scratch kept between calls of a thread is at most about this large, each.
constexpr std::size_t kKeptScratch = std::size_t{1} << 20;

template <class T>
std::span<const T> keep(std::span<const T> some, std::size_t alignment, std::pmr::memory_resource& memory) {
  auto* kept = static_cast<T*>(memory.allocate(some.size_bytes(), alignment));
  std::uninitialized_copy(some.begin(), some.end(), kept);
  return {kept, some.size()};
}

}  // namespace

Draft draft_event(const Event& event, const IndexRules& rules, std::pmr::memory_resource& memory) {
  thread_local std::string record;
  thread_local std::vector<IndexEntry> entries;
  encode_record(event, record);
  Draft draft;
  draft.record = keep(as_bytes(record), kRecordAlignment, memory);
  entries.clear();
  list_index_entries(RecordView(0, draft.record), rules, entries);
  draft.entries = keep(std::span<const IndexEntry>(entries), alignof(IndexEntry), memory);
  if (record.capacity() > kKeptScratch) release_memory(record);
  if (entries.capacity() > kKeptScratch / sizeof(IndexEntry)) release_memory(entries);
  return draft;
}

}  // namespace pharos::storage
