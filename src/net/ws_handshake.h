// The opening handshake of RFC 6455 section 4, both sides, as text. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http_message.h"
#include "net/server.h"

namespace pharos::net {

// True when the request asks for an upgrade to WebSocket, well-formed or not.
bool asks_for_websocket(const HttpRequest& request);
// nullopt when the upgrade may go ahead; else the answer: 400, or 426 for another version.
std::optional<HttpResponse> check_upgrade(const HttpRequest& request, bool is_http_1_0);
// The value of Sec-WebSocket-Accept for a key.
std::string accept_of(std::string_view key);
std::string switching_protocols(const HttpRequest& request, std::string_view extensions);

// Client side: a fresh key, the request, and whether the answer agrees to it.
std::string make_upgrade_key();
std::string upgrade_request(std::string_view target, std::string_view host, std::string_view user_agent,
                            std::string_view key, std::string_view extensions);
// nullopt when the answer is a proper 101; else what is wrong with it.
std::optional<std::string> check_upgrade_answer(unsigned status, const Headers& headers, std::string_view key);

}  // namespace pharos::net
