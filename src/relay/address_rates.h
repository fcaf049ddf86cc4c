// What each client address has used up, over all its connections and beyond them. Any thread.
//
// Capped by kMaxKeys: who uses least is forgotten first (util/bucket_table.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "metrics/rate_metrics.h"
#include "relay/rate_rules.h"
#include "util/bucket_table.h"

namespace pharos::relay {

class AddressRates {
 public:
  static constexpr std::size_t kMaxKeys = 65'536;
  using Table = BucketTable<9, kRatesOf>;
  using Key = Table::Key;

  // salt: secret, as BucketTable's.
  AddressRates(std::uint64_t salt, const metrics::RateMetrics& metrics);

  // Whom an address is counted for: itself, or the /64 of an IPv6 address.
  static Key key_of(const IpRange& address);

  // As BucketTable's; zero: go on.
  Duration take(const Key& key, RateOf what, const RateRules& rules, std::uint64_t cost, SteadyTime now);
  Duration charge(const Key& key, RateOf what, const RateRules& rules, std::uint64_t cost, SteadyTime now);
  Duration debt(const Key& key, RateOf what, const RateRules& rules, SteadyTime now);

  // For one more connection or plain request of "192.0.2.1:4711". A time: not before that.
  std::optional<std::chrono::seconds> refuse_connection(const std::string& endpoint, const RateRules& rules,
                                                        const Clock& clock);

  // Debts under rates that hold no longer are forgiven.
  void forget_all();

  const metrics::RateMetrics& metrics() const { return metrics_; }

 private:
  Duration counted(const Table::Outcome& outcome) const;

  const metrics::RateMetrics metrics_;
  Table table_;
};

}  // namespace pharos::relay
