// Plain HTTP on the relay's address: the NIP-11 document, from the options in force, and a page for browsers.
// Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "net/server.h"
#include "relay/options.h"
#include "relay/page.h"

namespace pharos::relay {

// The NIP-11 document as JSON; it tells what is enabled and what is enforced, nothing else.
std::string relay_document(const Options& options);

// True when a request target names the relay: its path, whatever the query.
bool is_relay_target(const Options& options, std::string_view target);

// That any page may ask, and how: for the document, and the management (NIP-86) where there is one.
void add_cors(net::HttpResponse& response, const Options& options);

// The answer to a request that is no WebSocket upgrade: document or page by Accept, CORS preflight, 404, 405. The
// figures are asked for where the answer is the page.
net::HttpResponse answer_http(const Options& options, const net::HttpRequest& request,
                              const std::function<PageFigures()>& figures);

}  // namespace pharos::relay
