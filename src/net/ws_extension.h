// The negotiation of permessage-deflate (RFC 7692 section 7.1): text in, parameters out. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/ws_connection.h"

namespace pharos::net {

// What both sides agreed on, seen from our side.
struct DeflateParams {
  bool enabled = false;
  bool our_context_takeover = false;   // our messages may refer to earlier ones of ours
  bool peer_context_takeover = false;  // the peer's may
  int our_window_bits = 15;

  friend bool operator==(const DeflateParams&, const DeflateParams&) = default;
};

struct DeflateAnswer {
  DeflateParams params;
  std::string header;  // the value of Sec-WebSocket-Extensions, "" when nothing was agreed on
};

// Server side: takes the first offer we can honour; offers with unknown or ill-formed parameters are passed over.
DeflateAnswer answer_deflate_offer(std::string_view offers, const WsOptions& options);

// Client side: the value to send, "" for none.
std::string deflate_offer(const WsOptions& options);
// The server's answer to it; nullopt when the server agreed to something that was not offered.
std::optional<DeflateParams> accept_deflate_answer(std::string_view header, const WsOptions& options);

}  // namespace pharos::net
