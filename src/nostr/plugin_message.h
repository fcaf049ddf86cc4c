// The lines that a relay and a write-policy plugin exchange, as strfry defined them: one JSON object a line, a question
// about an event to the plugin's standard input, its decision from its standard output. Members that are not known are
// passed over, in both directions. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nostr/event.h"
#include "util/result.h"

namespace pharos {

struct PluginQuestion {
  const Event& event;
  UnixSeconds received_at = 0;
  std::string_view source_type;     // IP4, IP6, Import, Stream
  std::string_view source_info;     // an address without port, or a URL; UTF-8
  std::optional<PublicKey> authed;  // NIP-42
};

// Appends the line, its line feed included.
void append_plugin_question(std::string& out, const PluginQuestion& question);

enum class PluginAction { accept, reject, shadow_reject };
std::string_view name(PluginAction action);  // as on the wire

struct PluginAnswer {
  EventId id;
  PluginAction action = PluginAction::reject;
  std::string message;  // as the plugin has it, "" for none
};

enum class PluginAnswerError {
  not_json,  // of one object; bad UTF-8 included
  no_id,     // or it is not 64 lower-case hex digits
  no_action,
  unknown_action,
};
// For people: what is wrong with the line.
std::string_view describe(PluginAnswerError error);

// A line without its line feed.
Result<PluginAnswer, PluginAnswerError> parse_plugin_answer(std::string_view line);

}  // namespace pharos
