// Whether an address can be listened on, for those who have something to make first.
#pragma once

#include <optional>
#include <string>

#include "net/error.h"

namespace pharos::net {

// Listens there for a moment, "address:port"; why that does not do.
std::optional<NetFailure> check_listening(const std::string& address);

}  // namespace pharos::net
