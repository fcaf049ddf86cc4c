// What deletion requests (NIP-09) forbid, for good and before its time too: ids by who asked, addresses up to a moment.
// A request that names someone else's event leaves a tombstone that never applies to it.
#pragma once

#include "nostr/address.h"
#include "nostr/event.h"
#include "storage/record.h"
#include "storage/txn.h"

namespace pharos::storage {

// At most this many e and a tags of one request, and p tags of one gift wrap, are looked at; the others are ignored.
inline constexpr std::size_t kMaxDeletionTargets = 10'000;
inline constexpr std::size_t kMaxWrapRecipients = 100;

// Kinds that a deletion request has no effect on: deletion requests, requests to vanish (NIP-62).
bool is_undeletable(Kind kind);

// True when `who` may have the event deleted by its id: its author, or for a gift wrap (NIP-59) one of its p tags.
bool may_delete(const RecordView& record, const PublicKey& who);

bool is_forbidden(const Txn& txn, const Tables& tables, const Event& event);

// Whether the entry follows the grammar of keys.h.
bool is_tombstone(std::string_view key, std::string_view value);

bool forbid_id(WriteTxn& txn, const EventId& id, const PublicKey& requester);
// Versions created at or before cutoff; a later cutoff already there stays.
bool forbid_address(WriteTxn& txn, const Address& address, UnixSeconds cutoff);

}  // namespace pharos::storage
