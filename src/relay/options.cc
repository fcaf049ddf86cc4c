#include "relay/options.h"

#include <algorithm>

namespace pharos::relay {

Options fitted_to_outbound_caps(Options options) {
  for (const net::ServerOptions& listener : options.listeners) {
    const std::size_t cap = listener.ws.max_outbound_bytes;
    const std::size_t scans = std::max<std::size_t>(1, options.limits.max_running_scans);
    options.slice_bytes = std::min(options.slice_bytes, cap / 8 / scans);
    options.negentropy_frame_bytes = std::min(options.negentropy_frame_bytes, cap / 8 / scans);
    options.limits.max_held_bytes = std::min(options.limits.max_held_bytes, cap / 4);
  }
  return options;
}

}  // namespace pharos::relay
