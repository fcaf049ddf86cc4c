#include "bench/load_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pharos::bench {

std::size_t LoadHistogram::bucket(std::uint64_t value) {
  if (value < kSteps) return static_cast<std::size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
  return static_cast<std::size_t>((shift + 1) * kSteps + ((value >> shift) - kSteps));
}

std::uint64_t LoadHistogram::highest_of(std::size_t bucket) {
  if (bucket < kSteps) return bucket;
  const std::uint64_t shift = bucket / kSteps - 1;
  return ((kSteps + bucket % kSteps + 1) << shift) - 1;
}

std::uint64_t LoadHistogram::percentile(double share) const {
  if (total_ == 0) return 0;
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= std::max<std::uint64_t>(rank, 1)) return highest_of(i);
  }
  return highest_of(counts_.size() - 1);
}

}  // namespace pharos::bench
