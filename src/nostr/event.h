// A nostr event (NIP-01), parsed and of the right shape; its id and signature may still be unchecked.
#pragma once

#include <string>

#include "nostr/tags.h"
#include "nostr/types.h"

namespace pharos {

struct Event {
  EventId id;
  PublicKey pubkey;
  UnixSeconds created_at = 0;  // 0 .. 2^53-1: what every JSON reader keeps exact
  Kind kind = 0;
  TagList tags;
  std::string content;
  Signature sig;

  friend bool operator==(const Event&, const Event&) = default;
};

inline constexpr UnixSeconds kMaxCreatedAt = (UnixSeconds{1} << 53) - 1;

// The value of the first d tag, "" when there is none (NIP-01: addressable events).
inline std::string_view identifier(const Event& event) { return event.tags.first("d").value_or(std::string_view()); }

// About what the event takes in memory.
inline std::size_t byte_size(const Event& event) {
  return sizeof(Event) + event.content.size() + event.tags.byte_size();
}

// The same with what its buffers have set aside: an event parsed into a reused one keeps the memory of that.
inline std::size_t reserved_bytes(const Event& event) {
  return sizeof(Event) + event.content.capacity() + event.tags.reserved_bytes();
}

// The moment of NIP-40 expiration: the first expiration tag when it is a plain non-negative integer, else nullopt.
// Values beyond the range of UnixSeconds saturate.
std::optional<UnixSeconds> expiration(const Event& event);

// NIP-40: expired at `now` means expiration <= now. Never for ephemeral kinds, which the tag says nothing about.
bool is_expired(const Event& event, UnixSeconds now);

// NIP-70: some tag's first item is "-".
bool is_protected(const Event& event);

}  // namespace pharos
