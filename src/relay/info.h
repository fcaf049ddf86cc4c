// Plain HTTP on the relay's address: the NIP-11 document, from the options in force, and a page for browsers.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "net/server.h"
#include "relay/options.h"

namespace pharos::relay {

// The NIP-11 document as JSON; it tells what is enabled and what is enforced, nothing else.
std::string relay_document(const Options& options);

// A page without scripts that says what this is and how to connect.
std::string relay_page(const Options& options);

// True when a request target names the relay: its path, whatever the query.
bool is_relay_target(const Options& options, std::string_view target);

// The answer to a request that is no WebSocket upgrade: document or page by Accept, CORS preflight, 404, 405.
net::HttpResponse answer_http(const Options& options, const net::HttpRequest& request);

}  // namespace pharos::relay
