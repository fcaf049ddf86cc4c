// What the writer would make of an event before it stores it, made ahead by a thread that has time: on the writer's it
// is a third of the work of an event, and there is one writer.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>

#include "nostr/event.h"
#include "storage/index_entries.h"
#include "util/siphash.h"

namespace pharos::storage {

struct Draft {
  std::span<const std::uint8_t> record;  // as encode_record() makes it
  std::span<const IndexEntry> entries;   // as list_index_entries() lists them, under any number
};

// Both lie in the memory, for as long as that keeps them. The rules are the database's (Tables).
Draft draft_event(const Event& event, const IndexRules& rules, std::pmr::memory_resource& memory);

}  // namespace pharos::storage
