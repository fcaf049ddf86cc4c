// How fast the events of one author are taken: a bucket for each public key, charged when the signature is known to be
// theirs, since anybody could empty the bucket of another otherwise. For the same reason what is not kept in the end,
// old versions above all, costs nothing. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "ingest/verdict.h"
#include "metrics/rate_metrics.h"
#include "nostr/types.h"
#include "util/bucket_table.h"
#include "util/snapshot.h"

namespace pharos::ingest {

struct AuthorRates {
  Rate any;      // of every author
  Rate unknown;  // in place of it for those that AccessRules does not know; no bound: the same
};

class AuthorLimiter {
 public:
  static constexpr std::size_t kMaxKeys = 65'536;

  // salt: secret, as BucketTable's.
  AuthorLimiter(const AuthorRates& rates, std::uint64_t salt, const metrics::RateMetrics& metrics);

  void set_rates(const AuthorRates& rates);
  // False: charge() has nothing to say.
  bool is_on() const { return is_on_.load(std::memory_order_relaxed); }
  // Takes one event of the author, or says why not.
  std::optional<Verdict> charge(const PublicKey& author, bool is_known, SteadyTime now);
  // Undoes a charge().
  void give_back(const PublicKey& author, bool is_known);

 private:
  static const Rate& rate_of(const AuthorRates& rates, bool is_known) {
    return !is_known && rates.unknown.is_bound() ? rates.unknown : rates.any;
  }

  const metrics::RateMetrics metrics_;
  Snapshot<AuthorRates> rates_;
  std::atomic<bool> is_on_{false};
  BucketTable<PublicKey::kSize, 1> table_;
};

}  // namespace pharos::ingest
