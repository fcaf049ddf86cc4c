// Requests to vanish (NIP-62): whom they are for. Pure; any thread.
#pragma once

#include <span>

#include "nostr/event.h"
#include "nostr/relay_url.h"

namespace pharos {

// Whether a relay tag is ALL_RELAYS or names one of our URLs, ws and wss taken for the same where the port is the
// scheme's own. The event is of kind 62.
bool asks_us_to_vanish(const Event& event, std::span<const RelayUrl> ours);

}  // namespace pharos
