// The cheap checks at the door: what can be refused from the event alone, before its id is hashed and its signature
// verified. Pure; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "ingest/kind_limits.h"
#include "ingest/sink.h"
#include "ingest/verdict.h"
#include "nostr/event.h"
#include "nostr/relay_url.h"
#include "storage/retention.h"
#include "util/clock.h"
#include "util/snapshot.h"

namespace pharos::ingest {

struct AdmissionOptions {
  std::size_t max_event_bytes = 512 * 1024;     // as measured_bytes() counts them
  std::size_t max_content_length = 256 * 1024;  // code points, as NIP-11 counts max_content_length
  std::size_t max_tags = 5'000;
  std::size_t max_tag_item_bytes = 64 * 1024;

  // How far created_at may lie from now. The past bound holds for clients only: a mirror or an import brings history.
  // The future bound does not hold for imports and our own monitor, but always for requests to vanish (NIP-62): 15
  // minutes where it is off. Zero switches a bound off.
  std::chrono::seconds max_age{std::chrono::hours(24 * 365 * 3)};
  std::chrono::seconds max_ahead{std::chrono::minutes(15)};
  // Ephemeral events are news; an older one is a replay, whoever brings it.
  std::chrono::seconds max_ephemeral_age{60};

  // NIP-13, for clients only: leading zero bits of the id, and whether the nonce tag must commit to as many.
  unsigned min_pow_bits = 0;
  bool require_pow_commitment = true;

  // In place of the sizes and the work above, for single kinds; nullptr: for none.
  std::shared_ptr<const KindLimits> kind_limits;

  // NIP-62, whoever brings it: a request that names none of our URLs, nor all relays, is refused, and every request
  // when they are not honoured. It is taken whatever else a client has to do or be.
  bool honour_vanish = true;
  std::vector<RelayUrl> own_urls;

  // What the retention rules in force would erase at once is refused, whoever brings it. nullptr: there are none.
  std::shared_ptr<const Snapshot<storage::RetentionRules>> retention;

  // NIP-70: a protected event that a mirror or an import brings did not come from its author. An import of our own
  // archive switches this off: the author gave it to us once.
  bool refuse_protected_from_others = true;
};

// The size of an event without rendering it: its JSON with nothing escaped. O(tags).
std::size_t measured_bytes(const Event& event);

// NIP-13: leading zero bits.
unsigned leading_zero_bits(const EventId& id);

// The refusal, or nullopt when the event may go on. Checks come in a fixed order, cheapest first.
std::optional<Verdict> refuse_at_door(const Event& event, Source source, UnixSeconds now,
                                      const AdmissionOptions& options);

}  // namespace pharos::ingest
