// Authentication of clients to relays (NIP-42): the rules for the AUTH event, and the event for when we are the client.
// Pure; any thread.
#pragma once

#include <span>
#include <string_view>

#include "nostr/event.h"
#include "nostr/relay_url.h"

namespace pharos {

inline constexpr UnixSeconds kAuthWindowSeconds = 600;

enum class AuthFault { none, wrong_kind, wrong_time, wrong_challenge, wrong_relay };

// Text for the OK reply, without a prefix; "" for none.
std::string_view describe(AuthFault fault);

// Checks an event whose id and signature hold (verify_event): kind 22242, created_at within ten minutes of now, some
// challenge tag with our challenge and, apart from that, some relay tag whose host is the host of one of our URLs. An
// empty challenge was never sent and matches nothing.
AuthFault check_auth(const Event& event, std::string_view challenge, std::span<const RelayUrl> ours, UnixSeconds now);

// The event that answers a challenge of the relay; the caller signs it with sign_event.
Event make_auth_event(const RelayUrl& relay, std::string_view challenge, UnixSeconds now);

}  // namespace pharos
