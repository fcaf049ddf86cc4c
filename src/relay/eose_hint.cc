#include "relay/eose_hint.h"

#include <algorithm>

namespace pharos::relay {

bool hints_at_eose(const Options& options, const net::HttpRequest& request) {
  if (options.eose_hint != EoseHint::listed) return options.eose_hint == EoseHint::on;
  const std::string origin = request.header("Origin");
  const std::string agent = request.header("User-Agent");
  return std::ranges::any_of(options.eose_hint_clients, [&](const std::string& client) {
    return !client.empty() && (origin == client || agent.starts_with(client));
  });
}

}  // namespace pharos::relay
