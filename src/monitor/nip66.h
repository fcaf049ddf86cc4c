// Builds the events of NIP-66 and the profile and relay list beside them, unsigned and undated. Pure; any thread.
//
// Facts and claims: 30166 tells what the probe saw. `rtt-*` appear for successful checks only; `R` auth and writes only
// as observed. N, and `R` payment and pow come from the NIP-11 document, because no harmless probe can show them, and
// an observation that contradicts such a claim wins (an accepted event without work or payment is `!pow`, `!payment`).
// T, t, k and g are left out: nothing that a probe sees says what kind of relay it is, what it is about, which kinds it
// takes or where it stands, and NIP-11 has no field for them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "monitor/options.h"
#include "monitor/result.h"
#include "nostr/event.h"
#include "nostr/relay_url.h"

namespace pharos::monitor {

// Kind 30166. Precondition: result.is_relay(). The content is the NIP-11 document as received when that check was ok
// and the document is at most max_content_bytes long, else empty; its claims are read either way.
Event build_discovery(const RelayUrl& url, const ProbeResult& result, std::size_t max_content_bytes);

struct AnnouncementFacts {
  std::chrono::milliseconds frequency{0};  // the check period: how often a 30166 of a live relay is renewed
  CheckTimeouts timeouts;
  std::vector<Check> checks;
  std::string geohash;
};
// Kind 10166. `timeout` has the check's name first and the milliseconds second, as in the worked example and in every
// implementation that was read; the prose has it the other way round.
Event build_announcement(const AnnouncementFacts& facts);

// Kind 0 of the monitor; "" fields are left out.
Event build_profile(std::string_view name, std::string_view about);

// Kind 10002 (NIP-65): where the monitor's events can be read. own_url may be "".
Event build_relay_list(std::string_view own_url, const std::vector<RelayUrl>& publish_relays);

// Both events say the same (kind, tags, content); dates and signatures aside.
bool same_statement(const Event& a, const Event& b);

}  // namespace pharos::monitor
