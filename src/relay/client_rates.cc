#include "relay/client_rates.h"

#include <utility>

namespace pharos::relay {
namespace {

using Refused = metrics::RateMetrics::Refused;

Refused label_of(RateOf what, RateBy by) {
  if (what == RateOf::event) return by == RateBy::connection ? Refused::connection_event : Refused::address_event;
  return by == RateBy::connection ? Refused::connection_request : Refused::address_request;
}

}  // namespace

ClientRates::ClientRates(AddressRates& shared, const std::string& endpoint, std::shared_ptr<const RateRules> rules)
    : shared_(shared), address_(IpRange::of_endpoint(endpoint)) {
  if (address_) key_ = AddressRates::key_of(*address_);
  obey(std::move(rules));
}

void ClientRates::obey(std::shared_ptr<const RateRules> rules) {
  if (rules_ && rules_->of_connection != rules->of_connection) levels_ = {};
  rules_ = std::move(rules);
  is_exempt_ = address_ && rules_->exempts(*address_);
  for (std::size_t i = 0; i < kRatesOf; ++i) {
    const bool by_address = address_ && rules_->of_address[i].is_bound();
    limits_[i] = !is_exempt_ && (by_address || rules_->of_connection[i].is_bound());
  }
}

std::optional<TooFast> ClientRates::take(RateOf what, const Clock& clock) {
  if (!limits(what)) return std::nullopt;
  const SteadyTime now = clock.now();
  const Rate& rate = rules_->connection(what);
  TokenLevel& level = levels_[static_cast<std::size_t>(what)];
  TooFast refusal;
  // First what costs no look at the table; it is paid for when the address has room as well.
  if (rate.is_bound()) refusal.wait = level.wait_for(rate, 1, now);
  if (refusal.wait == Duration(0) && address_) {
    refusal = {RateBy::address, shared_.take(key_, what, *rules_, 1, now)};
  }
  if (refusal.wait == Duration(0)) {
    if (rate.is_bound()) level.charge(rate, 1, now);
    return std::nullopt;
  }
  shared_.metrics().refused[static_cast<std::size_t>(label_of(what, refusal.by))].add();
  return refusal;
}

std::optional<TooFast> ClientRates::receive(std::size_t bytes, const Clock& clock) {
  if (!limits(RateOf::byte)) return std::nullopt;
  const SteadyTime now = clock.now();
  const Rate& rate = rules_->connection(RateOf::byte);
  TokenLevel& level = levels_[static_cast<std::size_t>(RateOf::byte)];
  if (rate.is_bound()) level.charge(rate, bytes, now);
  return longest(rate.is_bound() ? level.wait_for(rate, 0, now) : Duration(0),
                 address_ ? shared_.charge(key_, RateOf::byte, *rules_, bytes, now) : Duration(0));
}

std::optional<TooFast> ClientRates::in_debt(const Clock& clock) const {
  if (!limits(RateOf::byte)) return std::nullopt;
  const SteadyTime now = clock.now();
  const Rate& rate = rules_->connection(RateOf::byte);
  const TokenLevel& level = levels_[static_cast<std::size_t>(RateOf::byte)];
  return longest(rate.is_bound() ? level.wait_for(rate, 0, now) : Duration(0),
                 address_ ? shared_.debt(key_, RateOf::byte, *rules_, now) : Duration(0));
}

std::optional<TooFast> ClientRates::longest(Duration of_connection, Duration of_address) {
  if (of_connection == Duration(0) && of_address == Duration(0)) return std::nullopt;
  return of_address > of_connection ? TooFast{RateBy::address, of_address} : TooFast{RateBy::connection, of_connection};
}

}  // namespace pharos::relay
