#include "relay/replies.h"

#include <algorithm>
#include <iterator>

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
    case Reason::vanish:
    case Reason::retention:
    case Reason::banned:
    case Reason::kind:
    case Reason::policy:
      return "blocked: ";
    case Reason::protected_event:
    case Reason::not_allowed:
    case Reason::untrusted:
    case Reason::membership:
      return "restricted: ";
    case Reason::auth_required:
      return "auth-required: ";
    case Reason::policy_failed:
    case Reason::map_full:
    case Reason::storage:
      return "error: ";
    case Reason::rate_limited:
    case Reason::overloaded:
      return "rate-limited: ";
  }
  return "error: ";
}

// Those of NIP-01 and NIP-42.
bool has_standard_prefix(std::string_view message) {
  static constexpr std::string_view kPrefixes[] = {"duplicate",  "pow",  "blocked", "rate-limited", "invalid",
                                                   "restricted", "mute", "error",   "auth-required"};
  const std::size_t colon = message.find(':');
  return colon != std::string_view::npos &&
         std::ranges::find(kPrefixes, message.substr(0, colon)) != std::end(kPrefixes);
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
    case Fate::shadowed:
      return append_ok(out, id_hex, true, "");
    case Fate::ephemeral:
      return append_ok(out, id_hex, true, verdict.detail);
    case Fate::duplicate:
      return append_ok(out, id_hex, true,
                       "duplicate: " + (verdict.detail.empty() ? "already have this event" : verdict.detail));
    case Fate::replaced:
      return append_ok(out, id_hex, false, "duplicate: a newer version is stored");
    case Fate::rejected:
      break;
  }
  const bool has_prefix = verdict.reason == Reason::policy && has_standard_prefix(verdict.detail);
  std::string message(has_prefix ? "" : prefix_of(verdict.reason));
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

std::string too_fast(RateOf what, const TooFast& refusal) {
  std::string text = what == RateOf::event ? "rate-limited: too many events" : "rate-limited: too many requests";
  text += refusal.by == RateBy::connection ? " on this connection, " : " from this address, ";
  return text + ingest::come_again_in(refusal.wait);
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

std::string negentropy_reply(std::string_view name, std::string_view message) {
  std::string out;
  append_neg_message(out, name, message);
  return out;
}

std::string negentropy_error(std::string_view name, std::string_view reason, std::size_t cap) {
  std::string out;
  append_neg_err(out, name, reason, cap);
  return out;
}

}  // namespace pharos::relay
