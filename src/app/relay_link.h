// A connection to a relay for a command that waits for it: send, then wait for what comes. One thread besides the
// shard's; the shard outlives it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/ws_connector.h"
#include "nostr/message.h"
#include "nostr/relay_url.h"
#include "router/client_auth.h"
#include "util/clock.h"
#include "util/result.h"

namespace pharos::app {

class RelayLink {
 public:
  explicit RelayLink(net::IoShard& shard);
  ~RelayLink();  // closes
  RelayLink(const RelayLink&) = delete;
  RelayLink& operator=(const RelayLink&) = delete;

  struct DialFault {
    std::string why;
    bool is_for_now = false;  // too many connections were made (429)
  };
  // Once, and again after a failure.
  Result<void, DialFault> dial(const RelayUrl& url, const net::DialOptions& options);

  // Answers the relay's challenges (NIP-42) as this identity from now on; they, and the OKs to the answers, are not
  // received. The clock outlives it.
  void authenticate_as(const RelayUrl& url, router::Signer signer, const Clock& clock);
  // Until the relay refuses that.
  bool authenticates() const { return auth_.has_value() && auth_refusal_.empty(); }
  const std::string& auth_refusal() const { return auth_refusal_; }

  // Does not wait; what goes out unasked for must be bounded by what is answered. Nothing of a connection that is gone.
  void send(std::string_view text);
  // The next message, what is none is passed over; nullopt when none came in time or the connection is gone.
  std::optional<RelayMessage> receive(std::chrono::milliseconds timeout);

  // Waits that long, or until the connection is gone.
  void pause(std::chrono::milliseconds time);

  // "" while it is open.
  std::string end() const;
  // Why receive() gave nothing, for people.
  std::string why_silent() const;
  // Of messages, as text.
  std::uint64_t sent_bytes() const;
  std::uint64_t received_bytes() const;
  std::uint64_t sent_messages() const;
  std::uint64_t received_messages() const;

 private:
  class State;
  bool keeps(const RelayMessage& message);

  const std::shared_ptr<State> state_;
  std::optional<router::ClientAuth> auth_;
  const Clock* clock_ = nullptr;  // of auth_
  std::string auth_refusal_;
};

}  // namespace pharos::app
