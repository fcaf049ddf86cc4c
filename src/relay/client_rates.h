// How fast the client of one connection goes: the buckets of the connection, and those of its address.
//
// One thread (the connection's shard). Costs a look at a flag where nothing is limited.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "relay/address_rates.h"
#include "relay/rate_rules.h"
#include "util/clock.h"

namespace pharos::relay {

// Whose rate it is.
enum class RateBy { connection, address };

struct TooFast {
  RateBy by = RateBy::connection;
  Duration wait{0};  // until it may come again
};

class ClientRates {
 public:
  // shared outlives it. endpoint: "192.0.2.1:4711"; what is no address has no rates but the connection's.
  ClientRates(AddressRates& shared, const std::string& endpoint, std::shared_ptr<const RateRules> rules);

  // Other rules from now on.
  void obey(std::shared_ptr<const RateRules> rules);
  bool is_exempt() const { return is_exempt_; }

  // One event or request: nullopt, and it is paid for, or why it may not come now.
  std::optional<TooFast> take(RateOf what, const Clock& clock);
  // So many bytes that have come: nullopt, or for how long none should be read.
  std::optional<TooFast> receive(std::size_t bytes, const Clock& clock);
  // The same later, when none came meanwhile.
  std::optional<TooFast> in_debt(const Clock& clock) const;

 private:
  bool limits(RateOf what) const { return limits_[static_cast<std::size_t>(what)]; }
  static std::optional<TooFast> longest(Duration of_connection, Duration of_address);

  AddressRates& shared_;
  const std::optional<IpRange> address_;
  std::shared_ptr<const RateRules> rules_;
  AddressRates::Key key_{};
  bool is_exempt_ = false;
  std::array<bool, kRatesOf> limits_{};
  std::array<TokenLevel, kRatesOf> levels_;
};

}  // namespace pharos::relay
