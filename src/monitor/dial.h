// From a relay's URL and the monitor's options to what net dials, and from net's failures to ours. Pure; any thread.
#pragma once

#include <chrono>

#include "monitor/options.h"
#include "monitor/result.h"
#include "net/ws_connector.h"
#include "nostr/relay_url.h"

namespace pharos::monitor {

net::DialTarget dial_target(const RelayUrl& url);
// A SOCKS5 proxy is used for .onion alone.
net::DialOptions dial_options(const RelayUrl& url, const ProbeOptions& options, std::chrono::milliseconds timeout);

Fault fault_of(net::NetError error);
// Fault::local when no descriptor is left, whatever the failure looks like: sockets, the resolver and files all fail
// for want of one in their own ways.
Fault fault_here_or(net::NetError error);
// What there is to say beyond the fault: the HTTP status, or net's own text.
std::string detail_of(const net::NetFailure& failure);

}  // namespace pharos::monitor
