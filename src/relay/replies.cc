#include "relay/replies.h"

#include "nostr/canonical.h"
#include "nostr/message.h"

namespace pharos::relay {
namespace {

using ingest::Fate;
using ingest::Reason;
using ingest::Verdict;

std::string_view prefix_of(Reason reason) {
  switch (reason) {
    case Reason::none:
    case Reason::invalid_event:
    case Reason::invalid_id:
    case Reason::invalid_signature:
    case Reason::expired:
    case Reason::created_at_old:
    case Reason::created_at_future:
    case Reason::too_large:
    case Reason::too_many_tags:
    case Reason::auth_kind:
      return "invalid: ";
    case Reason::pow:
      return "pow: ";
    case Reason::deleted:
    case Reason::policy:
      return "blocked: ";
    case Reason::protected_event:
      return "restricted: ";
    case Reason::map_full:
    case Reason::storage:
      return "error: ";
    case Reason::overloaded:
      return "rate-limited: ";
  }
  return "error: ";
}

std::string ok(std::string_view id_hex, bool accepted, std::string_view message) {
  std::string out;
  append_ok(out, id_hex, accepted, message);
  return out;
}

}  // namespace

void append_ok_reply(std::string& out, const EventId& id, const Verdict& verdict) {
  char hex[2 * EventId::kSize];
  const std::string_view id_hex(hex, encode_hex(id.data, hex));
  switch (verdict.fate) {
    case Fate::stored:
    case Fate::ephemeral:
      return append_ok(out, id_hex, true, "");
    case Fate::duplicate:
      return append_ok(out, id_hex, true, "duplicate: already have this event");
    case Fate::replaced:
      return append_ok(out, id_hex, false, "duplicate: a newer version is stored");
    case Fate::rejected:
      break;
  }
  std::string message(prefix_of(verdict.reason));
  message.append(verdict.detail.empty() ? name(verdict.reason) : std::string_view(verdict.detail));
  append_ok(out, id_hex, false, message);
}

std::string refusal_reply(std::string_view id_hex, std::string_view message) { return ok(id_hex, false, message); }

std::string auth_reply(const EventId& id, AuthResult result) {
  return ok(id.hex(), result == AuthResult::ok, auth_message(result));
}

std::string write_refusal_reply(const EventId& id, WriteAccess access) {
  const std::string_view message = access == WriteAccess::auth_required
                                       ? "auth-required: protected events are taken from their author only"
                                       : "restricted: protected events are taken from their author only";
  return ok(id.hex(), false, message);
}

std::string closed_reply(std::string_view subscription, std::string_view message) {
  std::string out;
  append_closed(out, subscription, message);
  return out;
}

std::string eose_reply(std::string_view subscription, bool finish) {
  std::string out;
  append_eose(out, subscription, finish);
  return out;
}

std::string count_reply(std::string_view name, std::uint64_t count, bool approximate, const HyperLogLog* authors) {
  std::string out;
  append_count(out, name, count, approximate, authors);
  return out;
}

std::string notice_reply(std::string_view message) {
  std::string out;
  append_notice(out, message);
  return out;
}

std::string challenge_message(std::string_view challenge) {
  std::string out;
  append_auth_challenge(out, challenge);
  return out;
}

std::string negentropy_refusal(std::string_view subscription) {
  std::string out = "[\"NEG-ERR\",";
  append_json_string(out, subscription);
  out.append(",\"unsupported: negentropy is not answered here\"]");
  return out;
}

}  // namespace pharos::relay
