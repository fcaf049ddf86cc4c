#include "nostr/json_write.h"
#include "nostr/message.h"
#include "util/bytes.h"

namespace pharos {
namespace {

void append_head(std::string& out, std::string_view verb, std::string_view argument) {
  out += "[\"";
  out += verb;
  out += "\",";
  append_json_string(out, argument);
}

void append_with_event(std::string& out, std::string_view verb, const Event& event) {
  out += "[\"";
  out += verb;
  out += "\",";
  append_event_json(out, event);
  out += ']';
}

// As the last element.
void append_binary(std::string& out, std::string_view bytes) {
  out += ",\"";
  append_hex(out, as_bytes(bytes));
  out += "\"]";
}

}  // namespace

void append_event_command(std::string& out, const Event& event) { append_with_event(out, "EVENT", event); }

void append_auth_command(std::string& out, const Event& event) { append_with_event(out, "AUTH", event); }

void append_req(std::string& out, std::string_view subscription, const std::vector<Filter>& filters) {
  append_head(out, "REQ", subscription);
  for (const Filter& filter : filters) {
    out += ',';
    append_filter_json(out, filter);
  }
  out += ']';
}

void append_close(std::string& out, std::string_view subscription) {
  append_head(out, "CLOSE", subscription);
  out += ']';
}

void append_neg_open(std::string& out, std::string_view subscription, const Filter& filter, std::string_view message) {
  append_head(out, "NEG-OPEN", subscription);
  out += ',';
  append_filter_json(out, filter);
  append_binary(out, message);
}

void append_neg_message(std::string& out, std::string_view subscription, std::string_view message) {
  append_head(out, "NEG-MSG", subscription);
  append_binary(out, message);
}

void append_neg_close(std::string& out, std::string_view subscription) {
  append_head(out, "NEG-CLOSE", subscription);
  out += ']';
}

void append_neg_err(std::string& out, std::string_view subscription, std::string_view reason, std::size_t cap) {
  append_head(out, "NEG-ERR", subscription);
  out += ',';
  append_json_string(out, reason);
  if (cap > 0) {
    out += ',';
    append_json_integer(out, static_cast<std::int64_t>(cap));
  }
  out += ']';
}

void append_ok(std::string& out, std::string_view id_hex, bool accepted, std::string_view message) {
  append_head(out, "OK", id_hex);
  out += accepted ? ",true," : ",false,";
  append_json_string(out, message);
  out += ']';
}

void append_eose(std::string& out, std::string_view subscription, bool finish) {
  append_head(out, "EOSE", subscription);
  out += finish ? ",[\"finish\"]]" : "]";
}

void append_closed(std::string& out, std::string_view subscription, std::string_view message) {
  append_head(out, "CLOSED", subscription);
  out += ',';
  append_json_string(out, message);
  out += ']';
}

void append_count(std::string& out, std::string_view name, std::uint64_t count, bool approximate,
                  const HyperLogLog* authors) {
  append_head(out, "COUNT", name);
  out += ",{\"count\":";
  append_json_integer(out, static_cast<std::int64_t>(count));
  if (approximate) out += ",\"approximate\":true";
  if (authors != nullptr) {
    out += ",\"hll\":\"";
    append_hex(out, authors->registers());
    out += '"';
  }
  out += "}]";
}

void append_notice(std::string& out, std::string_view message) {
  append_head(out, "NOTICE", message);
  out += ']';
}

void append_auth_challenge(std::string& out, std::string_view challenge) {
  append_head(out, "AUTH", challenge);
  out += ']';
}

void append_event_prefix(std::string& out, std::string_view subscription) {
  append_head(out, "EVENT", subscription);
  out += ',';
}

}  // namespace pharos
