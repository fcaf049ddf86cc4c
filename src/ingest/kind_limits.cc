#include "ingest/kind_limits.h"

#include <algorithm>

namespace pharos::ingest {
namespace {

constexpr auto kLastOf = [](const auto& row) { return row.kinds.last; };

}  // namespace

void KindLimits::add(const KindRange& kinds, const KindLimit& limit) {
  rows_.insert(std::ranges::lower_bound(rows_, kinds.first, {}, kLastOf), Row{kinds, limit});
}

const KindLimit* KindLimits::find(Kind kind) const {
  const auto at = std::ranges::lower_bound(rows_, kind, {}, kLastOf);
  return at != rows_.end() && at->kinds.first <= kind ? &at->limit : nullptr;
}

bool KindLimits::asks_for_work() const {
  return std::ranges::any_of(rows_, [](const Row& row) { return row.limit.min_pow_bits > 0; });
}

}  // namespace pharos::ingest
