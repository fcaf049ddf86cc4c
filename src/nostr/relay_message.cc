#include <utility>

#include "nostr/event_reader.h"
#include "nostr/json_reader.h"
#include "nostr/message.h"

namespace pharos {
namespace {

enum class Verb { event, ok, eose, closed, notice, auth, neg_message, neg_err, unknown };

Verb verb_named(std::string_view text) {
  if (text == "EVENT") return Verb::event;
  if (text == "EOSE") return Verb::eose;
  if (text == "OK") return Verb::ok;
  if (text == "CLOSED") return Verb::closed;
  if (text == "NOTICE") return Verb::notice;
  if (text == "AUTH") return Verb::auth;
  if (text == "NEG-MSG") return Verb::neg_message;
  if (text == "NEG-ERR") return Verb::neg_err;
  return Verb::unknown;
}

// What stood at one place of the outer array.
enum class Shape { absent, string, boolean, other };

class RelayMessageReader {
 public:
  RelayMessageReader() : event_reader_(event_) {}

  void null() {
    scalar([](EventReader& reader) { reader.null(); });
  }
  void boolean(bool value) {
    if (depth_ == 1 && element_ < kElements) {
      shapes_[element_] = Shape::boolean;
      if (element_ == 2) accepted_ = value;
    }
    scalar([value](EventReader& reader) { reader.boolean(value); });
  }
  void number(std::string_view raw) {
    scalar([raw](EventReader& reader) { reader.number(raw); });
  }
  void string(std::string_view text) {
    if (depth_ == 1 && element_ < kElements) {
      shapes_[element_] = Shape::string;
      strings_[element_] = text;
      if (element_ == 0) verb_ = verb_named(text);
    }
    if (depth_ == 2 && verb_ == Verb::eose && element_ == 2 && text == "finish") finish_ = true;
    scalar([text](EventReader& reader) { reader.string(text); });
  }
  void key(std::string_view text) {
    forward([text](EventReader& reader) { reader.key(text); });
  }
  void begin_object() {
    ++depth_;
    forward([](EventReader& reader) { reader.begin_object(); });
  }
  void end_object() {
    forward([](EventReader& reader) { reader.end_object(); });
    if (--depth_ == 1) end_element();
  }
  void begin_array() {
    if (++depth_ == 1) {
      is_array_ = true;
      return;
    }
    forward([](EventReader& reader) { reader.begin_array(); });
  }
  void end_array() {
    if (depth_ > 1) forward([](EventReader& reader) { reader.end_array(); });
    if (--depth_ == 1) end_element();
  }

  Result<RelayMessage, RelayMessageError> take();

 private:
  static constexpr std::size_t kElements = 4;

  bool in_event() const { return verb_ == Verb::event && element_ == 2; }

  template <class Call>
  void forward(const Call& call) {
    if (in_event()) call(event_reader_);
  }
  template <class Call>
  void scalar(const Call& call) {
    forward(call);
    if (depth_ == 1) end_element();
  }
  void end_element() {
    if (element_ < kElements && shapes_[element_] == Shape::absent) shapes_[element_] = Shape::other;
    ++element_;
  }

  bool is(std::size_t element, Shape shape) const { return shapes_[element] == shape; }
  Result<RelayMessage, RelayMessageError> take_event();
  Result<RelayMessage, RelayMessageError> take_ok();
  Result<RelayMessage, RelayMessageError> take_neg_message();

  int depth_ = 0;
  std::size_t element_ = 0;
  bool is_array_ = false;
  bool accepted_ = false;
  bool finish_ = false;
  Verb verb_ = Verb::unknown;
  Shape shapes_[kElements] = {};
  std::string strings_[kElements];
  Event event_;
  EventReader event_reader_;
};

RelayMessageError fault_of(std::string_view reason) { return {.reason = std::string(reason), .event_error = {}}; }

Result<RelayMessage, RelayMessageError> RelayMessageReader::take_event() {
  if (!is(1, Shape::string)) return fault_of("EVENT without a subscription id");
  if (is(2, Shape::absent)) return fault_of("EVENT without an event");
  if (const std::optional<EventParseError> error = event_reader_.error())
    return RelayMessageError{.reason = std::string(describe(*error)), .event_error = error};
  return EventReply{std::move(strings_[1]), std::move(event_)};
}

// The message of an OK is required by NIP-01 and left out by some relays.
Result<RelayMessage, RelayMessageError> RelayMessageReader::take_ok() {
  const std::optional<EventId> id = EventId::from_hex(strings_[1]);
  if (!id) return fault_of("OK without an event id");
  if (!is(2, Shape::boolean)) return fault_of("OK without true or false");
  return OkReply{*id, accepted_, std::move(strings_[3])};
}

Result<RelayMessage, RelayMessageError> RelayMessageReader::take_neg_message() {
  if (!is(1, Shape::string)) return fault_of("NEG-MSG without a subscription id");
  const std::string& hex = strings_[2];
  std::string message(hex.size() / 2, '\0');
  if (!is(2, Shape::string) || !decode_hex(hex, {reinterpret_cast<std::uint8_t*>(message.data()), message.size()})) {
    return fault_of("NEG-MSG without a message in lower-case hex");
  }
  return NegMessageReply{std::move(strings_[1]), std::move(message)};
}

Result<RelayMessage, RelayMessageError> RelayMessageReader::take() {
  if (!is_array_) return fault_of("not an array");
  if (!is(0, Shape::string)) return fault_of("the first element is not a verb");
  switch (verb_) {
    case Verb::event:
      return take_event();
    case Verb::ok:
      return take_ok();
    case Verb::eose:
      if (!is(1, Shape::string)) return fault_of("EOSE without a subscription id");
      return EoseReply{std::move(strings_[1]), finish_};
    case Verb::closed:
      if (!is(1, Shape::string)) return fault_of("CLOSED without a subscription id");
      return ClosedReply{std::move(strings_[1]), std::move(strings_[2])};
    case Verb::notice:
      if (!is(1, Shape::string)) return fault_of("NOTICE without a message");
      return NoticeReply{std::move(strings_[1])};
    case Verb::auth:
      if (!is(1, Shape::string)) return fault_of("AUTH without a challenge");
      return AuthReply{std::move(strings_[1])};
    case Verb::neg_message:
      return take_neg_message();
    case Verb::neg_err:
      if (!is(1, Shape::string)) return fault_of("NEG-ERR without a subscription id");
      return NegErrReply{std::move(strings_[1]), std::move(strings_[2])};
    case Verb::unknown:
      break;
  }
  return UnknownReply{std::move(strings_[0])};
}

}  // namespace

Result<RelayMessage, RelayMessageError> parse_relay_message(std::string_view text) {
  RelayMessageReader reader;
  if (read_json(text, reader) == JsonFault::none) return reader.take();
  RelayMessageError error = fault_of("not valid JSON");
  if (text.starts_with("[\"EVENT\"")) error.event_error = EventParseError::not_json;
  return error;
}

}  // namespace pharos
