// Whether an address can be listened on, for those who have something to make first.
#pragma once

#include <optional>
#include <string>

#include "net/error.h"

namespace pharos::net {

// Binds to it for a moment, "address:port", so that no client is met; why that does not do.
std::optional<NetFailure> check_listening(const std::string& address);

}  // namespace pharos::net
