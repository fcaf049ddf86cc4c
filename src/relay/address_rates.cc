#include "relay/address_rates.h"

#include <algorithm>

namespace pharos::relay {
namespace {

constexpr std::size_t kStripes = 16;
constexpr unsigned kV6Block = 64;

}  // namespace

bool RateRules::exempts(const IpRange& address) const {
  return std::ranges::any_of(exempt, [&](const IpRange& range) { return range.contains(address); });
}

AddressRates::AddressRates(std::uint64_t salt, const metrics::RateMetrics& metrics)
    : metrics_(metrics), table_(kMaxKeys, kStripes, salt) {}

AddressRates::Key AddressRates::key_of(const IpRange& address) {
  const IpRange block = address.is_v4() ? address : address.widened(kV6Block);
  Key key{static_cast<std::uint8_t>(block.is_v4())};
  std::copy_n(block.bytes().begin(), key.size() - 1, key.begin() + 1);
  return key;
}

Duration AddressRates::counted(const Table::Outcome& outcome) const {
  if (outcome.grown != 0) metrics_.address_keys.add(outcome.grown);
  if (outcome.evicted) metrics_.address_evicted.add();
  return outcome.wait;
}

Duration AddressRates::take(const Key& key, RateOf what, const RateRules& rules, std::uint64_t cost, SteadyTime now) {
  if (!rules.address(what).is_bound()) return Duration(0);
  return counted(table_.take(key, static_cast<std::size_t>(what), rules.address(what), cost, now));
}

Duration AddressRates::charge(const Key& key, RateOf what, const RateRules& rules, std::uint64_t cost, SteadyTime now) {
  if (!rules.address(what).is_bound()) return Duration(0);
  return counted(table_.charge(key, static_cast<std::size_t>(what), rules.address(what), cost, now));
}

Duration AddressRates::debt(const Key& key, RateOf what, const RateRules& rules, SteadyTime now) {
  if (!rules.address(what).is_bound()) return Duration(0);
  return table_.wait_for(key, static_cast<std::size_t>(what), rules.address(what), 0, now);
}

void AddressRates::forget_all() { metrics_.address_keys.add(-table_.clear()); }

std::optional<std::chrono::seconds> AddressRates::refuse_connection(const std::string& endpoint, const RateRules& rules,
                                                                    const Clock& clock) {
  if (!rules.address(RateOf::connection).is_bound()) return std::nullopt;
  const auto address = IpRange::of_endpoint(endpoint);
  if (!address || rules.exempts(*address)) return std::nullopt;
  const Duration wait = take(key_of(*address), RateOf::connection, rules, 1, clock.now());
  if (wait == Duration(0)) return std::nullopt;
  metrics_.refused[static_cast<std::size_t>(metrics::RateMetrics::Refused::address_connection)].add();
  return std::chrono::ceil<std::chrono::seconds>(wait);
}

}  // namespace pharos::relay
