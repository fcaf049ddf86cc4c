#include "nostr/event_json.h"

#include "nostr/canonical.h"
#include "nostr/event_reader.h"
#include "nostr/json_reader.h"

namespace pharos {

std::string_view describe(EventParseError error) {
  switch (error) {
    case EventParseError::not_json:
      return "not valid JSON";
    case EventParseError::not_an_object:
      return "the event is not an object";
    case EventParseError::missing_field:
      return "a field is missing";
    case EventParseError::duplicate_field:
      return "a field occurs twice";
    case EventParseError::bad_id:
      return "id is not 64 lower-case hex digits";
    case EventParseError::bad_pubkey:
      return "pubkey is not 64 lower-case hex digits";
    case EventParseError::bad_sig:
      return "sig is not 128 lower-case hex digits";
    case EventParseError::bad_created_at:
      return "created_at is not an integer in range";
    case EventParseError::bad_kind:
      return "kind is not an integer from 0 to 65535";
    case EventParseError::bad_tags:
      return "tags is not an array of arrays of strings";
    case EventParseError::bad_content:
      return "content is not a string";
  }
  return "";
}

Result<void, EventParseFailure> parse_event(std::string_view json, Event& out) {
  EventReader reader(out);
  if (read_json(json, reader) != JsonFault::none) {
    std::optional<EventId> id = reader.id();
    if (!id) id = find_event_id(json);
    return EventParseFailure{EventParseError::not_json, id};
  }
  if (const std::optional<EventParseError> error = reader.error()) return EventParseFailure{*error, reader.id()};
  return success();
}

void append_event_json(std::string& out, const Event& event) {
  out += "{\"id\":\"";
  append_hex(out, event.id.data);
  out += "\",\"pubkey\":\"";
  append_hex(out, event.pubkey.data);
  out += "\",\"created_at\":";
  append_json_integer(out, event.created_at);
  out += ",\"kind\":";
  append_json_integer(out, event.kind);
  out += ",\"tags\":";
  append_json_tags(out, event.tags);
  out += ",\"content\":";
  append_json_string(out, event.content);
  out += ",\"sig\":\"";
  append_hex(out, event.sig.data);
  out += "\"}";
}

std::size_t most_json_bytes(const Event& event) {
  constexpr std::string_view kFrame = R"({"id":"","pubkey":"","created_at":,"kind":,"tags":,"content":,"sig":""})";
  constexpr std::size_t kHexDigits = 2 * (EventId::kSize + PublicKey::kSize + Signature::kSize);
  constexpr std::size_t kIntegerDigits = 20 + 5;
  return kFrame.size() + kHexDigits + kIntegerDigits + json_tags_bytes(event.tags) + json_string_bytes(event.content);
}

}  // namespace pharos
