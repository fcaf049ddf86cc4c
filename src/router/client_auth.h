// NIP-42 as a client: answers the relay's challenge with the relay's own identity. Pure; one thread. One per
// connection.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "nostr/event.h"
#include "nostr/relay_url.h"
#include "util/clock.h"

namespace pharos::router {

// Fills pubkey, id and sig. Empty when there is no identity.
using Signer = std::function<void(Event&)>;

class ClientAuth {
 public:
  ClientAuth(const RelayUrl& url, Signer signer) : url_(url), signer_(std::move(signer)) {}

  // The AUTH event to send; nullopt when there is no identity, the challenge is oversized, or too many came.
  std::optional<Event> on_challenge(std::string_view challenge, UnixSeconds now);

  enum class Outcome { not_ours, accepted, refused };
  Outcome on_ok(const EventId& id, bool accepted);
  // The connection is gone: its challenge with it.
  void reset();

 private:
  RelayUrl url_;
  Signer signer_;
  std::optional<EventId> waiting_for_;
  unsigned answered_ = 0;
};

}  // namespace pharos::router
