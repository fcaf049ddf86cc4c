// The bytes whose SHA-256 is the event id (NIP-01): [0,pubkey,created_at,kind,tags,content], compact, UTF-8.
#pragma once

#include <string>

#include "nostr/event.h"
#include "nostr/json_write.h"

namespace pharos {

// Appends the canonical serialization; event.id and event.sig are not read.
void append_canonical(std::string& out, const Event& event);

// SHA-256 of the canonical serialization.
EventId compute_id(const Event& event);

}  // namespace pharos
