#include "nostr/event_reader.h"

#include <algorithm>

#include "nostr/json_number.h"

namespace pharos {

EventReader::Field EventReader::field_named(std::string_view text) {
  if (text == "id") return Field::id;
  if (text == "pubkey") return Field::pubkey;
  if (text == "created_at") return Field::created_at;
  if (text == "kind") return Field::kind;
  if (text == "tags") return Field::tags;
  if (text == "content") return Field::content;
  if (text == "sig") return Field::sig;
  return Field::unknown;
}

void EventReader::fail_field() {
  switch (field_) {
    case Field::id:
      return fail(EventParseError::bad_id);
    case Field::pubkey:
      return fail(EventParseError::bad_pubkey);
    case Field::created_at:
      return fail(EventParseError::bad_created_at);
    case Field::kind:
      return fail(EventParseError::bad_kind);
    case Field::tags:
      return fail(EventParseError::bad_tags);
    case Field::content:
      return fail(EventParseError::bad_content);
    case Field::sig:
      return fail(EventParseError::bad_sig);
    case Field::unknown:
      return;
  }
}

void EventReader::scalar() {
  if (depth_ == 0) fail(EventParseError::not_an_object);
  fail_field();
}

void EventReader::key(std::string_view text) {
  if (depth_ != 1) return;
  field_ = field_named(text);
  if (field_ == Field::unknown) return;
  const unsigned bit = 1U << static_cast<unsigned>(field_);
  if ((seen_ & bit) != 0) {
    fail(EventParseError::duplicate_field);
    field_ = Field::unknown;
  }
  seen_ |= bit;
}

void EventReader::number(std::string_view raw) {
  if (depth_ == 1 && (field_ == Field::created_at || field_ == Field::kind)) {
    const std::optional<std::uint64_t> value = parse_json_unsigned(raw);
    const std::uint64_t most = field_ == Field::kind ? 65535 : static_cast<std::uint64_t>(kMaxCreatedAt);
    if (!value || *value > most) return fail_field();
    if (field_ == Field::kind)
      out_.kind = static_cast<Kind>(*value);
    else
      out_.created_at = static_cast<UnixSeconds>(*value);
    return;
  }
  scalar();
}

void EventReader::string(std::string_view text) {
  if (depth_ == 1) {
    switch (field_) {
      case Field::id:
        has_id_ = decode_hex(text, out_.id.data);
        if (!has_id_) fail(EventParseError::bad_id);
        return;
      case Field::pubkey:
        if (!decode_hex(text, out_.pubkey.data)) fail(EventParseError::bad_pubkey);
        return;
      case Field::sig:
        if (!decode_hex(text, out_.sig.data)) fail(EventParseError::bad_sig);
        return;
      case Field::content:
        out_.content.assign(text);
        return;
      default:
        break;
    }
  } else if (depth_ == 3 && field_ == Field::tags) {
    out_.tags.add_item(text);
    return;
  }
  scalar();
}

void EventReader::begin_object() {
  if (depth_ > 0) fail_field();
  ++depth_;
}

void EventReader::begin_array() {
  if (depth_ == 0)
    fail(EventParseError::not_an_object);
  else if (field_ != Field::tags || depth_ > 2)
    fail_field();
  ++depth_;
}

void EventReader::end_array() {
  if (depth_ == 3 && field_ == Field::tags) out_.tags.end_tag();
  --depth_;
}

std::optional<EventParseError> EventReader::error() const {
  if (error_) return error_;
  if (seen_ != kAllFields) return EventParseError::missing_field;
  return std::nullopt;
}

std::optional<EventId> EventReader::id() const { return has_id_ ? std::optional(out_.id) : std::nullopt; }

std::optional<EventId> find_event_id(std::string_view text) {
  constexpr std::string_view kKey = "\"id\"";
  constexpr std::size_t kDigits = 2 * EventId::kSize;
  const auto skip_space = [&](std::size_t at) { return std::min(text.find_first_not_of(" \t\r\n", at), text.size()); };
  for (std::size_t found = text.find(kKey); found != text.npos; found = text.find(kKey, found + 1)) {
    std::size_t at = skip_space(found + kKey.size());
    if (at == text.size() || text[at] != ':') continue;
    at = skip_space(at + 1);
    if (text.size() - at < kDigits + 2 || text[at] != '"' || text[at + 1 + kDigits] != '"') continue;
    if (const std::optional<EventId> id = EventId::from_hex(text.substr(at + 1, kDigits))) return id;
  }
  return std::nullopt;
}

}  // namespace pharos
