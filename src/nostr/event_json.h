// Events as JSON. Parsing is strict: NIP-01 types, lower-case hex, exact integers, no duplicate keys, valid UTF-8,
// no lone surrogates, bounded nesting; unknown top-level fields are dropped. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "nostr/event.h"
#include "util/result.h"

namespace pharos {

enum class EventParseError {
  not_json,  // truncated, trailing bytes, bad UTF-8, bad escape, too deep
  not_an_object,
  missing_field,
  duplicate_field,
  bad_id,
  bad_pubkey,
  bad_sig,
  bad_created_at,
  bad_kind,
  bad_tags,
  bad_content,
};

// Short text for the wire and the log, without a prefix: "created_at is not an integer in range".
std::string_view describe(EventParseError error);

struct EventParseFailure {
  EventParseError error;
  // The id, when a well-formed one could be read in spite of the error: OK needs it.
  std::optional<EventId> id;
};

// Parses one event object into `out`, whose buffers are reused. On failure `out` is unspecified.
Result<void, EventParseFailure> parse_event(std::string_view json, Event& out);

// Appends the event as compact JSON: id, pubkey, created_at, kind, tags, content, sig in this order.
void append_event_json(std::string& out, const Event& event);
// At least what that appends, and at most 25 bytes more.
std::size_t most_json_bytes(const Event& event);

}  // namespace pharos
