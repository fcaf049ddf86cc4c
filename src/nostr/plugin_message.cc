#include "nostr/plugin_message.h"

#include "nostr/event_json.h"
#include "nostr/json_reader.h"
#include "nostr/json_write.h"

namespace pharos {
namespace {

class AnswerReader {
 public:
  void null() {}
  void boolean(bool) {}
  void number(std::string_view) {}
  void string(std::string_view text) {
    if (depth_ != 1 || member_ == nullptr) return;
    member_->assign(text);
  }
  void key(std::string_view text) {
    if (depth_ != 1) return;
    member_ = text == "id" ? &id : text == "action" ? &action : text == "msg" ? &message : nullptr;
  }
  void begin_object() {
    if (++depth_ == 1) is_object = true;
  }
  void end_object() { --depth_; }
  void begin_array() { ++depth_; }
  void end_array() { --depth_; }

  bool is_object = false;
  std::string id;
  std::string action;
  std::string message;

 private:
  int depth_ = 0;
  std::string* member_ = nullptr;
};

}  // namespace

void append_plugin_question(std::string& out, const PluginQuestion& question) {
  JsonObjectWriter object(out);
  object.member("type").append("\"new\"");
  append_event_json(object.member("event"), question.event);
  append_json_integer(object.member("receivedAt"), question.received_at);
  append_json_string(object.member("sourceType"), question.source_type);
  append_json_string(object.member("sourceInfo"), question.source_info);
  if (question.authed) append_json_string(object.member("authed"), question.authed->hex());
  object.end();
  out += '\n';
}

std::string_view name(PluginAction action) {
  switch (action) {
    case PluginAction::accept:
      return "accept";
    case PluginAction::reject:
      return "reject";
    case PluginAction::shadow_reject:
      return "shadowReject";
  }
  return "reject";
}

std::string_view describe(PluginAnswerError error) {
  switch (error) {
    case PluginAnswerError::not_json:
      return "not one JSON object";
    case PluginAnswerError::no_id:
      return "no \"id\" of 64 lower-case hex digits: it must be event.id of the question";
    case PluginAnswerError::no_action:
      return "no \"action\"";
    case PluginAnswerError::unknown_action:
      return "an \"action\" that is none of accept, reject, shadowReject";
  }
  return "not one JSON object";
}

Result<PluginAnswer, PluginAnswerError> parse_plugin_answer(std::string_view line) {
  AnswerReader reader;
  if (read_json(line, reader) != JsonFault::none || !reader.is_object) return PluginAnswerError::not_json;
  const std::optional<EventId> id = EventId::from_hex(reader.id);
  if (!id) return PluginAnswerError::no_id;
  if (reader.action.empty()) return PluginAnswerError::no_action;
  for (const PluginAction action : {PluginAction::accept, PluginAction::reject, PluginAction::shadow_reject}) {
    if (reader.action == name(action)) return PluginAnswer{*id, action, std::move(reader.message)};
  }
  return PluginAnswerError::unknown_action;
}

}  // namespace pharos
