#include <utility>

#include "nostr/event_reader.h"
#include "nostr/filter_reader.h"
#include "nostr/json_reader.h"
#include "nostr/message.h"

namespace pharos {
namespace {

enum class Verb { event, auth, req, count, close, neg_open, neg_message, neg_close, unknown };

Verb verb_named(std::string_view text) {
  if (text == "EVENT") return Verb::event;
  if (text == "REQ") return Verb::req;
  if (text == "CLOSE") return Verb::close;
  if (text == "COUNT") return Verb::count;
  if (text == "AUTH") return Verb::auth;
  if (text == "NEG-OPEN") return Verb::neg_open;
  if (text == "NEG-MSG") return Verb::neg_message;
  if (text == "NEG-CLOSE") return Verb::neg_close;
  return Verb::unknown;
}

bool carries_event(Verb verb) { return verb == Verb::event || verb == Verb::auth; }
bool carries_filters(Verb verb) { return verb == Verb::req || verb == Verb::count; }
bool carries_negentropy(Verb verb) { return verb == Verb::neg_open || verb == Verb::neg_message; }

// Walks the outer array and hands the tokens of events and filters to their readers, so that an event goes from the
// text into its struct in one pass.
class ClientMessageReader {
 public:
  ClientMessageReader(const MessageLimits& limits, Event& scratch)
      : limits_(limits), event_(scratch), event_reader_(event_), filter_reader_(limits.max_values) {}

  void null() {
    scalar([](auto& reader) { reader.null(); });
  }
  void boolean(bool value) {
    scalar([value](auto& reader) { reader.boolean(value); });
  }
  void number(std::string_view raw) {
    scalar([raw](auto& reader) { reader.number(raw); });
  }
  void string(std::string_view text) {
    if (depth_ == 1) return element_string(text);
    scalar([text](auto& reader) { reader.string(text); });
  }
  void key(std::string_view text) {
    forward([text](auto& reader) { reader.key(text); });
  }
  void begin_object() {
    if (is_outermost()) begin_element();
    ++depth_;
    forward([](auto& reader) { reader.begin_object(); });
  }
  void end_object() {
    forward([](auto& reader) { reader.end_object(); });
    --depth_;
    if (is_outermost()) end_element();
  }
  void begin_array() {
    if (depth_ == 0 || is_list_of_filters()) {
      in_list_ = depth_ == 1;
      is_array_ = true;
      ++depth_;
      return;
    }
    if (is_outermost()) begin_element();
    ++depth_;
    forward([](auto& reader) { reader.begin_array(); });
  }
  void end_array() {
    if (in_list_ && depth_ == 2) {
      in_list_ = false;
      --depth_;
      ++element_;
      return;
    }
    if (depth_ > 1) forward([](auto& reader) { reader.end_array(); });
    --depth_;
    if (is_outermost()) end_element();
  }

  Result<ClientMessage, ClientMessageError> take(JsonFault fault, std::string_view text);

 private:
  enum class Target { skip, event, filter };

  template <class Call>
  void forward(const Call& call) {
    if (target_ == Target::event) call(event_reader_);
    if (target_ == Target::filter) call(filter_reader_);
  }

  // At an element of the message or, in a NEG-OPEN's list, at a filter of it.
  bool is_outermost() const { return depth_ == (in_list_ ? 2 : 1); }
  bool is_list_of_filters() const { return depth_ == 1 && element_ == 2 && verb_ == Verb::neg_open; }

  template <class Call>
  void scalar(const Call& call) {
    if (!is_outermost()) return forward(call);
    begin_element();
    forward(call);
    end_element();
  }

  // Decides who reads the element that starts now.
  void begin_element() {
    target_ = Target::skip;
    if (element_ == 1 && carries_event(verb_)) {
      target_ = Target::event;
      has_event_ = true;
    } else if (element_ >= 2 && (carries_filters(verb_) || (element_ == 2 && verb_ == Verb::neg_open))) {
      if (filters_seen_++ < limits_.max_filters) {
        target_ = Target::filter;
        filter_reader_ = FilterReader(filter_reader_.values_left());
      }
    }
  }

  void end_element() {
    if (!in_list_) ++element_;
    if (target_ == Target::filter) {
      Result<Filter, FilterError> filter = filter_reader_.take();
      if (filter)
        filters_.push_back(std::move(filter).value());
      else if (!filter_error_)
        filter_error_ = filter.error();
    }
    target_ = Target::skip;
  }

  void element_string(std::string_view text) {
    begin_element();
    if (element_ == 0) {
      verb_ = verb_named(text);
      has_verb_ = true;
    } else if (element_ == 1 && !carries_event(verb_)) {
      subscription_ = text;
      has_subscription_ = true;
    } else if (carries_negentropy(verb_) && element_ == (verb_ == Verb::neg_open ? 3U : 2U)) {
      negentropy_.resize(text.size() / 2);
      has_negentropy_ = decode_hex(text, {reinterpret_cast<std::uint8_t*>(negentropy_.data()), negentropy_.size()});
    }
    forward([text](auto& reader) { reader.string(text); });
    end_element();
  }

  ClientMessageError event_refusal(EventParseError error, std::string_view text) const;
  std::optional<ClientMessageError> subscription_fault() const;
  std::optional<std::string> filters_fault() const;
  Result<ClientMessage, ClientMessageError> take_negentropy();

  const MessageLimits& limits_;
  int depth_ = 0;
  std::size_t element_ = 0;
  Target target_ = Target::skip;

  bool is_array_ = false;
  bool in_list_ = false;
  bool has_verb_ = false;
  bool has_event_ = false;
  bool has_subscription_ = false;
  Verb verb_ = Verb::unknown;
  std::string subscription_;
  Event& event_;
  EventReader event_reader_;
  FilterReader filter_reader_;
  std::size_t filters_seen_ = 0;
  std::vector<Filter> filters_;
  std::optional<FilterError> filter_error_;
  std::string negentropy_;
  bool has_negentropy_ = false;
};

ClientMessageError notice(std::string reason) {
  return {.refusal = Refusal::notice, .subject = {}, .reason = std::move(reason)};
}

std::string invalid(std::string_view what) { return std::string("invalid: ").append(what); }

ClientMessageError closed(std::string subscription, std::string reason) {
  return {.refusal = Refusal::closed, .subject = std::move(subscription), .reason = std::move(reason)};
}

ClientMessageError neg_err(std::string subscription, std::string reason) {
  return {.refusal = Refusal::neg_err, .subject = std::move(subscription), .reason = std::move(reason)};
}

std::string filter_reason(FilterError error) {
  return std::string(error == FilterError::unknown_field ? "unsupported: " : "invalid: ").append(describe(error));
}

ClientMessageError ClientMessageReader::event_refusal(EventParseError error, std::string_view text) const {
  std::optional<EventId> id = event_reader_.id();
  if (!id && error == EventParseError::not_json) id = find_event_id(text);
  if (!id) return notice(invalid(describe(error)));
  const bool is_auth = verb_ == Verb::auth || (!has_verb_ && text.starts_with("[\"AUTH\""));
  return {.refusal = is_auth ? Refusal::auth_ok_false : Refusal::ok_false,
          .subject = id->hex(),
          .reason = invalid(describe(error))};
}

std::optional<ClientMessageError> ClientMessageReader::subscription_fault() const {
  if (!has_subscription_) return notice(invalid("the subscription id is missing or not a string"));
  if (verb_ == Verb::close || verb_ == Verb::neg_close) return std::nullopt;
  if (subscription_.empty()) return notice(invalid("the subscription id is empty"));
  if (count_code_points(subscription_) <= limits_.max_subscription_id) return std::nullopt;
  constexpr std::string_view kReason = "the subscription id is too long";
  return (carries_negentropy(verb_) ? neg_err : closed)(subscription_, invalid(kReason));
}

std::optional<std::string> ClientMessageReader::filters_fault() const {
  if (filters_seen_ == 0) return invalid("there is no filter");
  if (filters_seen_ > limits_.max_filters) return invalid("too many filters");
  if (filter_error_) return filter_reason(*filter_error_);
  return std::nullopt;
}

Result<ClientMessage, ClientMessageError> ClientMessageReader::take_negentropy() {
  if (verb_ == Verb::neg_open) {
    if (std::optional<std::string> fault = filters_fault()) return neg_err(std::move(subscription_), *std::move(fault));
  }
  if (!has_negentropy_) {
    return neg_err(std::move(subscription_), invalid("the negentropy message is missing or not lower-case hex"));
  }
  if (verb_ == Verb::neg_message) return NegMessageCommand{std::move(subscription_), std::move(negentropy_)};
  return NegOpenCommand{std::move(subscription_), std::move(filters_), std::move(negentropy_)};
}

Result<ClientMessage, ClientMessageError> ClientMessageReader::take(JsonFault fault, std::string_view text) {
  if (fault != JsonFault::none) {
    // The event may have been cut off before the reader got to it, as when the text is not UTF-8.
    if (has_event_ || text.starts_with("[\"EVENT\"") || text.starts_with("[\"AUTH\""))
      return event_refusal(EventParseError::not_json, text);
    if (fault == JsonFault::value && carries_filters(verb_) && !subscription_fault())
      return closed(std::move(subscription_), filter_reason(FilterError::bad_json));
    if (fault == JsonFault::value && carries_negentropy(verb_) && !subscription_fault())
      return neg_err(std::move(subscription_), filter_reason(FilterError::bad_json));
    return notice(invalid("not valid JSON"));
  }
  if (!is_array_) return notice(invalid("not an array"));
  if (!has_verb_) return notice(invalid("the first element is not a verb"));
  if (verb_ == Verb::unknown) return notice("unsupported: unknown message type");
  if (carries_event(verb_)) {
    if (!has_event_) return notice(invalid("the event is missing"));
    if (const std::optional<EventParseError> error = event_reader_.error()) return event_refusal(*error, text);
    if (verb_ == Verb::event) return EventCommand{std::move(event_)};
    return AuthCommand{std::move(event_)};
  }
  if (std::optional<ClientMessageError> bad = subscription_fault()) return *std::move(bad);
  if (verb_ == Verb::close) return CloseCommand{std::move(subscription_)};
  if (verb_ == Verb::neg_close) return NegCloseCommand{std::move(subscription_)};
  if (carries_negentropy(verb_)) return take_negentropy();
  if (std::optional<std::string> why = filters_fault()) return closed(std::move(subscription_), *std::move(why));
  if (verb_ == Verb::req) return ReqCommand{std::move(subscription_), std::move(filters_)};
  return CountCommand{std::move(subscription_), std::move(filters_)};
}

}  // namespace

Result<ClientMessage, ClientMessageError> parse_client_message(std::string_view text, const MessageLimits& limits) {
  Event scratch;
  return parse_client_message(text, limits, scratch);
}

Result<ClientMessage, ClientMessageError> parse_client_message(std::string_view text, const MessageLimits& limits,
                                                               Event& scratch) {
  ClientMessageReader reader(limits, scratch);
  const JsonFault fault = read_json(text, reader);
  return reader.take(fault, text);
}

}  // namespace pharos
