// The messages of NIP-01, 42, 45 and 77 in both directions: parsing what a client sends to us, parsing what an upstream
// relay sends to us, and writing both. Elements after those that a message needs are ignored, as the NIPs add some now
// and then. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nostr/event.h"
#include "nostr/event_json.h"
#include "nostr/filter.h"
#include "nostr/hyperloglog.h"
#include "util/result.h"

namespace pharos {

// --- client to relay ------------------------------------------------------------------------------------------------
struct EventCommand {
  Event event;
};
struct ReqCommand {
  std::string subscription;
  std::vector<Filter> filters;
};
struct CountCommand {
  std::string subscription;
  std::vector<Filter> filters;
};
struct CloseCommand {
  std::string subscription;
};
struct AuthCommand {
  Event event;
};
// NIP-77. Messages are binary here, and not looked at.
struct NegOpenCommand {
  std::string subscription;
  std::vector<Filter> filters;  // from one filter or, as some clients send it, from an array of them
  std::string message;
};
struct NegMessageCommand {
  std::string subscription;
  std::string message;
};
struct NegCloseCommand {
  std::string subscription;
};
using ClientMessage = std::variant<EventCommand, ReqCommand, CountCommand, CloseCommand, AuthCommand, NegOpenCommand,
                                   NegMessageCommand, NegCloseCommand>;

// Which reply a bad message earns: OK false when it is an EVENT or AUTH whose id could be read, CLOSED when it is a REQ
// or COUNT whose subscription id could, NEG-ERR the same for a NEG-OPEN or NEG-MSG, else NOTICE. A message that is not
// a JSON array earns a NOTICE, except that a string that is not text (bad escape, lone surrogate) is laid at the door
// of the event or subscription it came with. A CLOSE or NEG-CLOSE with an id that no subscription can have is not bad:
// it closes nothing.
enum class Refusal {
  notice,
  ok_false,       // of an EVENT
  auth_ok_false,  // of an AUTH
  closed,
  neg_err,
};
struct ClientMessageError {
  Refusal refusal = Refusal::notice;
  std::string subject;  // event id (hex) for an OK, subscription id for closed and neg_err, "" for notice
  std::string reason;   // with its machine-readable prefix: "invalid: ..." or "unsupported: ..."
};
struct MessageLimits {
  std::size_t max_filters = 20;
  std::size_t max_subscription_id = 64;  // code points; any Unicode, never empty
  std::size_t max_values = 10'000;       // list items in all filters of one message together
};
Result<ClientMessage, ClientMessageError> parse_client_message(std::string_view text, const MessageLimits& limits);
// The same with an event whose memory is used; an EventCommand or AuthCommand takes it along.
Result<ClientMessage, ClientMessageError> parse_client_message(std::string_view text, const MessageLimits& limits,
                                                               Event& scratch);

void append_event_command(std::string& out, const Event& event);
void append_auth_command(std::string& out, const Event& event);
void append_req(std::string& out, std::string_view subscription, const std::vector<Filter>& filters);
void append_close(std::string& out, std::string_view subscription);
// NIP-77; messages are binary here too.
void append_neg_open(std::string& out, std::string_view subscription, const Filter& filter, std::string_view message);
void append_neg_message(std::string& out, std::string_view subscription, std::string_view message);
void append_neg_close(std::string& out, std::string_view subscription);

// --- relay to client ------------------------------------------------------------------------------------------------
struct EventReply {
  std::string subscription;
  Event event;
};
struct OkReply {
  EventId id;
  bool accepted = false;
  std::string message;
};
struct EoseReply {
  std::string subscription;
  bool finish = false;
};  // finish: NIP-67 ["finish"]
struct ClosedReply {
  std::string subscription;
  std::string message;
};
struct NoticeReply {
  std::string message;
};
struct AuthReply {
  std::string challenge;
};
struct NegMessageReply {
  std::string subscription;
  std::string message;  // binary
};
struct NegErrReply {
  std::string subscription;
  std::string reason;
};
struct UnknownReply {
  std::string verb;
};
using RelayMessage = std::variant<EventReply, OkReply, EoseReply, ClosedReply, NoticeReply, AuthReply, NegMessageReply,
                                  NegErrReply, UnknownReply>;

struct RelayMessageError {
  std::string reason;
  // Set when the message was an EVENT whose event did not parse, so that it can be counted by reason.
  std::optional<EventParseError> event_error;
};
Result<RelayMessage, RelayMessageError> parse_relay_message(std::string_view text);

void append_ok(std::string& out, std::string_view id_hex, bool accepted, std::string_view message);
// finish: with the hint that every stored match was sent (NIP-67).
void append_eose(std::string& out, std::string_view subscription, bool finish = false);
void append_closed(std::string& out, std::string_view subscription, std::string_view message);
// authors: nullptr, or the registers that go with the count.
void append_count(std::string& out, std::string_view name, std::uint64_t count, bool approximate,
                  const HyperLogLog* authors);
void append_notice(std::string& out, std::string_view message);
// cap: 0, or the records that the relay would have taken.
void append_neg_err(std::string& out, std::string_view subscription, std::string_view reason, std::size_t cap = 0);
void append_auth_challenge(std::string& out, std::string_view challenge);
// ["EVENT",<sub>, ... the caller appends the event object and then "]".
void append_event_prefix(std::string& out, std::string_view subscription);

}  // namespace pharos
