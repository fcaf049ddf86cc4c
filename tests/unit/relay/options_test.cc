#include "relay/options.h"

#include <gmock/gmock.h>

namespace pharos::relay {
namespace {

// What a session may queue before it has seen that the peer reads: low water, a slice of each scan, held events.
std::size_t queued_in_one_go(const Options& options) {
  const std::size_t low_water = options.listeners.front().ws.low_water_bytes;
  return low_water + options.limits.max_running_scans * options.slice_bytes + options.limits.max_held_bytes;
}

TEST(RelayOptions, ASmallOutboundCapLeavesRoomForAnEventOfHalfItsSize) {
  Options options;
  net::WsOptions& ws = options.listeners.front().ws;
  ws.max_outbound_bytes = 512 * 1024;
  ws.low_water_bytes = ws.max_outbound_bytes / 8;
  for (const std::size_t scans : {1U, 4U, 50U}) {
    options.limits.max_running_scans = scans;
    EXPECT_LE(queued_in_one_go(fitted_to_outbound_caps(options)), ws.max_outbound_bytes / 2) << scans;
  }
}

TEST(RelayOptions, TheDefaultsFitAlready) {
  const Options options;
  const Options fitted = fitted_to_outbound_caps(options);
  EXPECT_EQ(fitted.slice_bytes, options.slice_bytes);
  EXPECT_EQ(fitted.limits.max_held_bytes, options.limits.max_held_bytes);
}

}  // namespace
}  // namespace pharos::relay
