// What deletion requests (NIP-09) forbid, for good and before its time too: ids by who asked, addresses up to a moment.
// A request that names someone else's event leaves a tombstone that never applies to it. And what requests to vanish
// (NIP-62) forbid: all of an author, and gift wraps to him, up to a moment.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nostr/address.h"
#include "nostr/event.h"
#include "storage/keys.h"
#include "storage/record.h"

namespace pharos::storage {

// At most this many p tags of one gift wrap are looked at; the others are ignored.
inline constexpr std::size_t kMaxWrapRecipients = 100;

// Kinds that a deletion request has no effect on: deletion requests, requests to vanish (NIP-62).
bool is_undeletable(Kind kind);

// What a deletion request names by e tags, and by a tags of its author's. Others' addresses are left out, and
// replaceable ones with an identifier, which no event has.
struct DeletionTargets {
  std::vector<EventId> ids;
  std::vector<Address> addresses;
};
DeletionTargets deletion_targets(const Event& request);

// True when `who` may have the event deleted by its id: its author, or for a gift wrap (NIP-59) one of its p tags.
bool may_delete(const RecordView& record, const PublicKey& who);

// The value under a key of the table, nullopt when there is none.
using TombstoneLookup = std::function<std::optional<std::string>(const TombstoneKey& key)>;

// By a deletion request.
bool is_forbidden(const Event& event, const SipKey& hash_key, const TombstoneLookup& lookup);

// By a request to vanish. One that is older than another of its author is forbidden by it, as anything else is.
bool is_vanished(const Event& event, const TombstoneLookup& lookup);

// What a request to vanish leaves.
struct Vanished {
  PublicKey who;
  UnixSeconds until = 0;  // inclusive
};
// nullopt for another tombstone.
std::optional<Vanished> decode_vanished(std::string_view key, std::string_view value);

// Whether the entry follows the grammar of keys.h.
bool is_tombstone(std::string_view key, std::string_view value);

// The value of a tombstone. Of an address or an author: what was created at or before it is deleted. Of an id: when the
// newest request for its deletion was made.
SmallValue encode_cutoff(UnixSeconds cutoff);
std::optional<UnixSeconds> decode_cutoff(std::string_view value);

}  // namespace pharos::storage
