// A nostr client over WsClient: publish and wait for OK, query and wait for EOSE, listen live.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "nostr/message.h"
#include "support/ws_client.h"

namespace pharos::testing {

class NostrClient {
 public:
  explicit NostrClient(const std::string& address) : ws_(address) {}
  NostrClient(const std::string& address, const WsClient::Options& options) : ws_(address, options) {}

  // Waits for the OK of this event; other messages are kept for next(). A lost connection yields accepted == false
  // with the message "connection lost".
  OkReply publish(const Event& event);
  // Stored events up to EOSE in the order of arrival; the subscription is closed afterwards. CLOSED sets *closed.
  std::vector<Event> query(const std::string& filters_json, std::string* closed = nullptr);
  // Opens a live subscription and waits for its EOSE; returns the stored events.
  std::vector<Event> subscribe(const std::string& subscription, const std::string& filters_json);
  // The next message that nobody waited for; nullopt on timeout.
  std::optional<RelayMessage> next(std::chrono::milliseconds limit = std::chrono::seconds(30));

  WsClient& ws() { return ws_; }

 private:
  std::optional<RelayMessage> receive(std::chrono::milliseconds limit);
  std::vector<Event> collect(const std::string& subscription, std::string* closed);

  WsClient ws_;
  std::deque<RelayMessage> kept_;
  int next_subscription_ = 0;
};

}  // namespace pharos::testing
