// How fast clients may go, by connection and by address; a rate without a bound limits nothing.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "util/ip_range.h"
#include "util/token_bucket.h"

namespace pharos::relay {

// What is counted: EVENTs; REQs, COUNTs, NEG-OPENs and NEG-MSGs; bytes of messages, inflated; upgrades and plain
// requests.
enum class RateOf { event, request, byte, connection };
inline constexpr std::size_t kRatesOf = 4;

struct RateRules {
  std::array<Rate, kRatesOf> of_connection;  // that of connections is not used
  std::array<Rate, kRatesOf> of_address;
  std::vector<IpRange> exempt;  // clients there are not limited at all

  const Rate& connection(RateOf what) const { return of_connection[static_cast<std::size_t>(what)]; }
  const Rate& address(RateOf what) const { return of_address[static_cast<std::size_t>(what)]; }
  bool exempts(const IpRange& address) const;
};

}  // namespace pharos::relay
