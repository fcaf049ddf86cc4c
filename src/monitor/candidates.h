// Relay URLs named by an event: `r` of a relay list (NIP-65, kind 10002) and `d` of a relay discovery (NIP-66, kind
// 30166). Pure; any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "nostr/event.h"
#include "nostr/relay_url.h"

namespace pharos::monitor {

// In order, once each, at most `most`; what is no relay URL is skipped. Empty for other kinds.
std::vector<RelayUrl> candidate_urls(const Event& event, std::size_t most);

}  // namespace pharos::monitor
