// The page that a browser gets on the relay's address: what this is, how to connect, what it does and keeps to. No
// scripts, nothing from elsewhere but the operator's own images. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "relay/options.h"

namespace pharos::relay {

// As of the request.
struct PageFigures {
  std::uint64_t connections = 0;
  std::uint64_t subscriptions = 0;
  std::uint64_t events = 0;  // stored
  std::chrono::seconds uptime{0};
};

std::string relay_page(const Options& options, const PageFigures& figures);

// Goes with it: what a page of ours may load.
std::string page_security_policy();

}  // namespace pharos::relay
