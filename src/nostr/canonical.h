// The bytes whose SHA-256 is the event id (NIP-01): [0,pubkey,created_at,kind,tags,content], compact, UTF-8.
// Escapes: \n \" \\ \r \t \b \f; other bytes below 0x20 as lower-case \u00xx; everything else, U+007F too, verbatim.
#pragma once

#include <string>

#include "nostr/event.h"

namespace pharos {

// Appends the JSON string literal of text, quotes included, with the escapes above. text is valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

// Appends the canonical serialization; event.id and event.sig are not read.
void append_canonical(std::string& out, const Event& event);

// SHA-256 of the canonical serialization.
EventId compute_id(const Event& event);

}  // namespace pharos
