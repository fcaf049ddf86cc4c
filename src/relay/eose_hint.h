// Who is told at the EOSE that every stored match was sent (NIP-67). Some clients wait for an EOSE of two elements, so
// the operator says. Pure; any thread.
#pragma once

#include "net/server.h"
#include "relay/options.h"

namespace pharos::relay {

// By the request that the connection began with.
bool hints_at_eose(const Options& options, const net::HttpRequest& request);

}  // namespace pharos::relay
