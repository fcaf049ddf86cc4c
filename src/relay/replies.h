// The one place that turns fates and faults into the words of the wire: OK, CLOSED, NOTICE and NEG-ERR with the
// prefixes of NIP-01 and NIP-42. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "ingest/verdict.h"
#include "nostr/event.h"
#include "nostr/hyperloglog.h"
#include "relay/access.h"
#include "relay/client_rates.h"

namespace pharos::relay {

// ["OK",<id>,<accepted>,<message>] for the fate of an EVENT.
void append_ok_reply(std::string& out, const EventId& id, const ingest::Verdict& verdict);
// For what was refused before it could be submitted; message has its prefix.
std::string refusal_reply(std::string_view id_hex, std::string_view message);
std::string auth_reply(const EventId& id, AuthResult result);
// For a write that NIP-70 forbids.
std::string write_refusal_reply(const EventId& id, WriteAccess access);

// For what comes too fast, with its prefix.
std::string too_fast(RateOf what, const TooFast& refusal);

std::string closed_reply(std::string_view subscription, std::string_view message);
std::string eose_reply(std::string_view subscription, bool finish);
// NIP-45; authors may be nullptr.
std::string count_reply(std::string_view name, std::uint64_t count, bool approximate, const HyperLogLog* authors);
std::string notice_reply(std::string_view message);
std::string challenge_message(std::string_view challenge);
// NIP-77. The message is binary; cap: 0, or the records that a set may have.
std::string negentropy_reply(std::string_view name, std::string_view message);
std::string negentropy_error(std::string_view name, std::string_view reason, std::size_t cap = 0);

namespace closed {
inline constexpr std::string_view kAuthRequired = "auth-required: these kinds are served to their parties alone";
inline constexpr std::string_view kRestricted = "restricted: these events are for other people";
inline constexpr std::string_view kReadersAuthenticate = "auth-required: only authenticated users may read here";
inline constexpr std::string_view kMembersRead = "restricted: only members may read here";
inline constexpr std::string_view kInvitersAuthenticate = "auth-required: invite codes are made for members";
inline constexpr std::string_view kNoInvites = "restricted: no invite codes are made for you";
inline constexpr std::string_view kTooManySubscriptions = "rate-limited: too many subscriptions on this connection";
inline constexpr std::string_view kTooManyCounts = "rate-limited: too many COUNTs at a time on this connection";
inline constexpr std::string_view kTooManyValues = "rate-limited: too many filter values on this connection";
inline constexpr std::string_view kCutShort = "error: the query looked at too many events, narrow it";
inline constexpr std::string_view kStorage = "error: the stored events could not be read";
inline constexpr std::string_view kBusy = "error: the relay is busy, try again later";
inline constexpr std::string_view kHeldTooMany = "error: new events came faster than the stored ones could be sent";
inline constexpr std::string_view kLostEvents = "error: the relay fell behind with new events, subscribe again";
inline constexpr std::string_view kSearchUnsupported = "unsupported: search is not offered here";
inline constexpr std::string_view kSearchBuilding = "error: the search index is being built, try again later";
inline constexpr std::string_view kCountUnsupported = "unsupported: COUNT is not answered here";
inline constexpr std::string_view kNegentropyUnsupported = "unsupported: negentropy is not answered here";
inline constexpr std::string_view kTooManyNegotiations =
    "rate-limited: too many negentropy sessions on this connection";
inline constexpr std::string_view kSetTooBig = "blocked: this query is too big";
inline constexpr std::string_view kNoMemoryForSet = "error: too many negentropy sessions at a time, try again later";
inline constexpr std::string_view kIdleNegotiation = "closed: you took too long to respond";
inline constexpr std::string_view kNoSuchNegotiation = "closed: no negentropy session of this name is open";
inline constexpr std::string_view kOutOfTurn = "invalid: a message before the answer to the one before it";
}  // namespace closed

}  // namespace pharos::relay
