#include "ingest/author_limiter.h"

namespace pharos::ingest {
namespace {

constexpr std::size_t kStripes = 16;

bool is_bound(const AuthorRates& rates) { return rates.any.is_bound() || rates.unknown.is_bound(); }

}  // namespace

AuthorLimiter::AuthorLimiter(const AuthorRates& rates, std::uint64_t salt, const metrics::RateMetrics& metrics)
    : metrics_(metrics),
      rates_(std::make_shared<const AuthorRates>(rates)),
      is_on_(is_bound(rates)),
      table_(kMaxKeys, kStripes, salt) {}

void AuthorLimiter::set_rates(const AuthorRates& rates) {
  rates_.set(std::make_shared<const AuthorRates>(rates));
  is_on_.store(is_bound(rates), std::memory_order_relaxed);
}

std::optional<Verdict> AuthorLimiter::charge(const PublicKey& author, bool is_known, SteadyTime now) {
  const auto rates = rates_.get();
  const bool is_stricter = !is_known && rates->unknown.is_bound();
  const Rate& rate = rate_of(*rates, is_known);
  if (!rate.is_bound()) return std::nullopt;
  const auto outcome = table_.take(author.data, 0, rate, 1, now);
  if (outcome.grown != 0) metrics_.pubkey_keys.add(outcome.grown);
  if (outcome.evicted) metrics_.pubkey_evicted.add();
  if (outcome.wait == Duration(0)) return std::nullopt;
  using Refused = metrics::RateMetrics::Refused;
  const Refused refused = is_stricter ? Refused::unknown_pubkey_event : Refused::pubkey_event;
  metrics_.refused[static_cast<std::size_t>(refused)].add();
  return Verdict{Fate::rejected, Reason::rate_limited,
                 "too many events of this author, " + come_again_in(outcome.wait)};
}

void AuthorLimiter::give_back(const PublicKey& author, bool is_known) {
  const auto rates = rates_.get();
  const Rate& rate = rate_of(*rates, is_known);
  if (rate.is_bound()) table_.give_back(author.data, 0, rate, 1);
}

}  // namespace pharos::ingest
