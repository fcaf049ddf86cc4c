// Turns the tokens of one event object into an Event; a part of event_json and message. Handler of json_reader.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "nostr/event.h"
#include "nostr/event_json.h"

namespace pharos {

class EventReader {
 public:
  // Clears `out` and fills it as tokens come.
  explicit EventReader(Event& out) : out_(out) { out_.tags.clear(); }

  void null() { scalar(); }
  void boolean(bool) { scalar(); }
  void number(std::string_view raw);
  void string(std::string_view text);
  void key(std::string_view text);
  void begin_object();
  void end_object() { --depth_; }
  void begin_array();
  void end_array();

  // The first fault, valid once the object is closed; nullopt means that `out` is whole.
  std::optional<EventParseError> error() const;
  // The id when a well-formed one has been read, whatever else is wrong.
  std::optional<EventId> id() const;

 private:
  enum class Field : std::uint8_t { id, pubkey, created_at, kind, tags, content, sig, unknown };
  static constexpr unsigned kAllFields = 0x7f;

  static Field field_named(std::string_view text);
  void scalar();
  void fail(EventParseError error) {
    if (!error_) error_ = error;
  }
  void fail_field();

  Event& out_;
  int depth_ = 0;  // 1 inside the object, 2 inside tags, 3 inside a tag
  Field field_ = Field::unknown;
  unsigned seen_ = 0;
  bool has_id_ = false;
  std::optional<EventParseError> error_;
};

// Finds "id":"<64 lower-case hex>" in text that is not JSON, so that a refusal can still name the event.
std::optional<EventId> find_event_id(std::string_view text);

}  // namespace pharos
